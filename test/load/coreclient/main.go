// coreclient drives a server with datarhei's own Go client through the life of a process, watches its
// stream over WHEP in between, and prints one JSON line of what it saw. Exit code 1 names the step that failed.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	coreclient "github.com/datarhei/core-client-go/v16"
	"github.com/datarhei/core-client-go/v16/api"
	"github.com/pion/webrtc/v4"
)

const (
	processID   = "go client/1"
	waitMax     = 20 * time.Second
	packetsSeen = 100
)

type run struct {
	url    string
	client coreclient.RestClient
	seen   map[string]any
}

func main() {
	url := flag.String("url", "http://127.0.0.1:8080", "the server")
	username := flag.String("username", "", "for a server that asks for a login")
	password := flag.String("password", "", "of the user")
	flag.Parse()

	client, err := coreclient.New(coreclient.Config{Address: *url, Username: *username, Password: *password})
	if err != nil {
		fail("connect", err)
	}
	r := &run{url: *url, client: client, seen: map[string]any{}}
	steps := []struct {
		name string
		do   func() error
	}{
		{"about", r.about},
		{"add", r.add},
		{"publish", r.publish},
		{"update", r.update},
		{"start", func() error { return client.ProcessCommand(processID, "start") }},
		{"state", r.state},
		{"list", r.list},
		{"report", r.report},
		{"metadata", r.metadata},
		{"server", r.server},
		{"settings", r.settings},
		{"files", r.files},
		{"view", r.view},
		{"stop", r.stop},
		{"delete", r.remove},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			fail(step.name, err)
		}
	}
	line, _ := json.Marshal(r.seen)
	fmt.Println(string(line))
}

func fail(step string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", step, err)
	os.Exit(1)
}

func (r *run) about() error {
	about := r.client.About()
	r.seen["app"], r.seen["version"], r.seen["auths"] = about.App, about.Version.Number, about.Auths
	access, _ := r.client.Tokens()
	r.seen["token"] = access != ""
	return nil
}

func (r *run) add() error {
	return r.client.ProcessAdd(api.ProcessConfig{
		ID:        processID,
		Type:      "ffmpeg",
		Reference: "before",
		Input: []api.ProcessConfigIO{{
			ID:      "in",
			Address: "testsrc2=size=320x180:rate=25[out0];sine=frequency=440[out1]",
			Options: []string{"-re", "-f", "lavfi"},
		}},
		Output:  []api.ProcessConfigIO{{ID: "out", Address: "-", Options: []string{"-f", "null"}}},
		Options: []string{"-loglevel", "level+info"},
	})
}

// publish does what the client's types have no field for.
func (r *run) publish() error {
	body := strings.NewReader(`{"webrtc":{"enabled":true,"video":{"bitrate_kbit":400,"gop_seconds":1}}}`)
	request, err := http.NewRequest("PUT", r.url+"/api/v3/process/go%20client%2F1", body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if token, _ := r.client.Tokens(); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	_, err = send(request, http.StatusOK)
	return err
}

// update sends the configuration back without the block that the types dropped.
func (r *run) update() error {
	config, err := r.client.ProcessConfig(processID)
	if err != nil {
		return err
	}
	config.Reference = "after"
	config.Reconnect = true
	return r.client.ProcessUpdate(processID, config)
}

func (r *run) state() error {
	state, err := r.until(func(state api.ProcessState) bool {
		return state.State == "running" && state.Progress != nil && state.Progress.Frame > 25
	})
	if err != nil {
		return err
	}
	r.seen["order"] = state.Order
	r.seen["inputs"], r.seen["outputs"] = len(state.Progress.Input), len(state.Progress.Output)
	if len(state.Command) == 0 {
		return errors.New("the command is empty")
	}
	return nil
}

func (r *run) list() error {
	list, err := r.client.ProcessList(coreclient.ProcessListOptions{Reference: "after", Filter: []string{"config", "state"}})
	if err != nil {
		return err
	}
	if len(list) != 1 || list[0].ID != processID || list[0].Config == nil || list[0].State == nil || list[0].Report != nil {
		return fmt.Errorf("another list than asked for: %+v", list)
	}
	return nil
}

func (r *run) report() error {
	report, err := r.client.ProcessReport(processID)
	if err != nil {
		return err
	}
	r.seen["prelude"] = len(report.Prelude)
	probe, err := r.client.ProcessProbe(processID)
	if err != nil {
		return err
	}
	r.seen["probed"] = len(probe.Streams)
	return nil
}

func (r *run) metadata() error {
	if err := r.client.ProcessMetadataSet(processID, "ui", map[string]any{"title": "Go"}); err != nil {
		return err
	}
	value, err := r.client.ProcessMetadata(processID, "ui")
	if err != nil {
		return err
	}
	r.seen["metadata"] = value
	return r.client.MetadataSet("ui", "server")
}

// server asks for what user interfaces ask for at their start; the client looks for sessions where no Core has them.
func (r *run) server() error {
	skills, err := r.client.Skills()
	if err != nil {
		return err
	}
	r.seen["ffmpeg"] = skills.FFmpeg.Version
	version, _, err := r.client.Config()
	if err != nil {
		return err
	}
	r.seen["config"] = version
	if _, err := r.client.Log(); err != nil {
		return err
	}
	if _, err := r.client.MetricsList(); err != nil {
		return err
	}
	_, err = r.client.DiskFSList("", "")
	return err
}

// settings sends the server's own back, and one that it must not take; and keeps a value of its own.
func (r *run) settings() error {
	_, config, err := r.client.Config()
	if err != nil {
		return err
	}
	if err := r.client.ConfigSet(config.Config); err != nil {
		return err
	}
	other := map[string]any{"version": 3, "name": "other"}
	refused := api.ConfigError{}
	if err := r.client.ConfigSet(other); !errors.As(err, &refused) {
		return fmt.Errorf("a changed setting was answered with %v", err)
	}
	r.seen["refused"] = len(refused["name"])
	if err := r.client.MetadataSet("go", "kept"); err != nil {
		return err
	}
	if r.seen["kept"], err = r.client.Metadata("go"); err != nil {
		return err
	}
	metrics, err := r.client.MetricsList()
	r.seen["metrics"] = len(metrics)
	return err
}

// files writes, finds, reads and deletes one in the storage.
func (r *run) files() error {
	const path = "/clips/a b.txt"
	for _, text := range []string{"one", "three"} {
		if err := r.client.FilesystemAddFile("disk", path, strings.NewReader(text)); err != nil {
			return err
		}
	}
	list, err := r.client.FilesystemList("disk", "/clips/*", coreclient.SORT_NAME, coreclient.ORDER_ASC)
	if err != nil || len(list) != 1 || list[0].Name != path || list[0].Size != 5 {
		return fmt.Errorf("listed %v: %v", list, err)
	}
	file, err := r.client.FilesystemGetFile("disk", path)
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	r.seen["file"] = string(text)
	if err := r.client.FilesystemDeleteFile("disk", path); err != nil {
		return err
	}
	if r.client.FilesystemHasFile("disk", path) {
		return errors.New("a deleted file is still there")
	}
	return nil
}

// view watches until both kinds of media have come.
func (r *run) view() error {
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		return err
	}
	player, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings), webrtc.WithMediaEngine(media)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return err
	}
	defer player.Close()
	var video, audio atomic.Int64
	player.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		count := &video
		if track.Kind() == webrtc.RTPCodecTypeAudio {
			count = &audio
		}
		for {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			count.Add(1)
		}
	})
	session, err := r.join(player)
	if err != nil {
		return err
	}
	end := time.Now().Add(waitMax)
	for video.Load() < packetsSeen || audio.Load() < packetsSeen {
		if time.Now().After(end) {
			return fmt.Errorf("only %d packets of video and %d of audio", video.Load(), audio.Load())
		}
		time.Sleep(20 * time.Millisecond)
	}
	r.seen["watched"] = true
	request, err := http.NewRequest("DELETE", r.url+session, nil)
	if err != nil {
		return err
	}
	_, err = send(request, http.StatusNoContent)
	return err
}

// join posts the offer, takes the answer and returns the path of the session.
func (r *run) join(player *webrtc.PeerConnection) (string, error) {
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		direction := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
		if _, err := player.AddTransceiverFromKind(kind, direction); err != nil {
			return "", err
		}
	}
	offer, err := player.CreateOffer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(player)
	if err := player.SetLocalDescription(offer); err != nil {
		return "", err
	}
	<-gathered
	body := bytes.NewBufferString(player.LocalDescription().SDP)
	request, err := http.NewRequest("POST", r.url+"/api/v3/whep/go%20client%2F1", body)
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/sdp")
	answer, err := send(request, http.StatusCreated)
	if err != nil {
		return "", err
	}
	description := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.body}
	return answer.location, player.SetRemoteDescription(description)
}

func (r *run) stop() error {
	if err := r.client.ProcessCommand(processID, "stop"); err != nil {
		return err
	}
	state, err := r.until(func(state api.ProcessState) bool { return state.State == "finished" })
	r.seen["stopped"] = state.Order
	return err
}

func (r *run) remove() error {
	if err := r.client.ProcessDelete(processID); err != nil {
		return err
	}
	_, err := r.client.Process(processID, nil)
	var refusal api.Error
	if !errors.As(err, &refusal) {
		return fmt.Errorf("a deleted process answered with %v", err)
	}
	r.seen["gone"] = refusal.Code
	return nil
}

func (r *run) until(good func(api.ProcessState) bool) (api.ProcessState, error) {
	end := time.Now().Add(waitMax)
	for {
		state, err := r.client.ProcessState(processID)
		if err != nil || good(state) {
			return state, err
		}
		if time.Now().After(end) {
			return state, fmt.Errorf("still %s, %s", state.State, state.LastLog)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

type answer struct{ body, location string }

func send(request *http.Request, expected int) (answer, error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	if response.StatusCode != expected {
		return answer{}, fmt.Errorf("%s %s: %s: %s", request.Method, request.URL, response.Status, body)
	}
	return answer{string(body), response.Header.Get("Location")}, nil
}
