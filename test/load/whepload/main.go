// whepload opens N WHEP players against one URL, counts what they receive and prints one JSON line.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

type peer struct {
	err                        string
	answer, connected, firstPk time.Duration
	firstKey                   time.Duration
	packets, lost, bytes       uint64
	resource                   string
}

func main() {
	target := flag.String("url", "http://127.0.0.1:8080/api/v3/whep/cam", "WHEP endpoint")
	n := flag.Int("n", 10, "players")
	dur := flag.Duration("duration", 10*time.Second, "how long to count after all are connected")
	gap := flag.Duration("gap", 20*time.Millisecond, "pause between joins")
	audio := flag.Bool("audio", true, "offer audio too")
	pid := flag.Int("pid", 0, "server process whose CPU time is read from /proc (its children are not counted)")
	token := flag.String("token", "", "Bearer token")
	flag.Parse()

	se := webrtc.SettingEngine{}
	se.SetIncludeLoopbackCandidate(true)
	me := &webrtc.MediaEngine{}
	if err := me.RegisterDefaultCodecs(); err != nil {
		panic(err)
	}
	ir := &interceptor.Registry{}
	if err := webrtc.ConfigureNack(me, ir); err != nil {
		panic(err)
	}
	if err := webrtc.ConfigureRTCPReports(ir); err != nil {
		panic(err)
	}
	api := webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(me), webrtc.WithInterceptorRegistry(ir))

	peers := make([]*peer, *n)
	pcs := make([]*webrtc.PeerConnection, *n)
	var counting atomic.Bool
	var wg sync.WaitGroup
	base, _ := url.Parse(*target)
	for i := 0; i < *n; i++ {
		p := &peer{}
		peers[i] = p
		wg.Add(1)
		go func(i int) {
			defer wg.Done()
			if err := join(api, *target, base, *token, *audio, p, &pcs[i], &counting); err != nil {
				p.err = err.Error()
			}
		}(i)
		time.Sleep(*gap)
	}
	wg.Wait()
	time.Sleep(time.Second)
	counting.Store(true)
	c0, t0 := cpu(*pid), time.Now()
	time.Sleep(*dur)
	c1, t1 := cpu(*pid), time.Now()
	counting.Store(false)
	out := map[string]any{"peers": *n}
	var conn, ans, fp, fk []float64
	var pk, lost, by uint64
	errs := map[string]int{}
	okPeers := 0
	for _, p := range peers {
		if p.err != "" {
			errs[p.err]++
			continue
		}
		okPeers++
		ans = append(ans, ms(p.answer))
		conn = append(conn, ms(p.connected))
		fp = append(fp, ms(p.firstPk))
		if p.firstKey > 0 {
			fk = append(fk, ms(p.firstKey))
		}
		pk += atomic.LoadUint64(&p.packets)
		lost += atomic.LoadUint64(&p.lost)
		by += atomic.LoadUint64(&p.bytes)
	}
	out["ok"] = okPeers
	out["errors"] = errs
	out["answer_ms"] = qs(ans)
	out["connected_ms"] = qs(conn)
	out["first_packet_ms"] = qs(fp)
	out["first_keyframe_ms"] = qs(fk)
	out["packets"] = pk
	out["lost"] = lost
	out["mbit_s"] = float64(by) * 8 / 1e6 / t1.Sub(t0).Seconds()
	out["packets_per_s"] = float64(pk) / t1.Sub(t0).Seconds()
	if *pid > 0 {
		out["server_cpu_s"] = c1 - c0
		out["server_core_share"] = (c1 - c0) / t1.Sub(t0).Seconds()
		if pk > 0 {
			out["us_per_packet_per_peer"] = (c1 - c0) * 1e6 / float64(pk)
		}
		out["server_rss_mb"] = rss(*pid)
	}
	b, _ := json.Marshal(out)
	fmt.Println(string(b))
	for i, pc := range pcs {
		if pc != nil {
			pc.Close()
		}
		if peers[i].resource != "" {
			req, _ := http.NewRequest("DELETE", peers[i].resource, nil)
			if *token != "" {
				req.Header.Set("Authorization", "Bearer "+*token)
			}
			if r, err := http.DefaultClient.Do(req); err == nil {
				r.Body.Close()
			}
		}
	}
}

func join(api *webrtc.API, target string, base *url.URL, token string, audio bool, p *peer, keep **webrtc.PeerConnection, counting *atomic.Bool) error {
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return err
	}
	*keep = pc
	if _, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		return err
	}
	if audio {
		if _, err = pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			return err
		}
	}
	var t0 time.Time
	connected := make(chan struct{})
	failed := make(chan struct{})
	var once, fonce sync.Once
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { p.connected = time.Since(t0); close(connected) })
		}
		if s == webrtc.PeerConnectionStateFailed {
			fonce.Do(func() { close(failed) })
		}
	})
	pc.OnTrack(func(tr *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		first := true
		var next uint16
		started := false
		for {
			pkt, _, err := tr.ReadRTP()
			if err != nil {
				return
			}
			if first && tr.Kind() == webrtc.RTPCodecTypeVideo {
				p.firstPk = time.Since(t0)
				first = false
			}
			if p.firstKey == 0 && strings.EqualFold(tr.Codec().MimeType, "video/h264") && len(pkt.Payload) > 1 {
				if hasIDR(pkt.Payload) {
					p.firstKey = time.Since(t0)
				}
			}
			if !counting.Load() {
				next = pkt.SequenceNumber + 1
				started = true
				continue
			}
			if started {
				d := pkt.SequenceNumber - next
				if d > 0 && d < 1000 {
					atomic.AddUint64(&p.lost, uint64(d))
				} else if d >= 1000 { // late packet
					if l := atomic.LoadUint64(&p.lost); l > 0 {
						atomic.AddUint64(&p.lost, ^uint64(0))
					}
					atomic.AddUint64(&p.packets, 1)
					continue
				}
			}
			started = true
			next = pkt.SequenceNumber + 1
			atomic.AddUint64(&p.packets, 1)
			atomic.AddUint64(&p.bytes, uint64(len(pkt.Payload)))
		}
	})
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	g := webrtc.GatheringCompletePromise(pc)
	if err = pc.SetLocalDescription(offer); err != nil {
		return err
	}
	<-g
	t0 = time.Now()
	req, _ := http.NewRequest("POST", target, strings.NewReader(pc.LocalDescription().SDP))
	req.Header.Set("Content-Type", "application/sdp")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	p.answer = time.Since(t0)
	if res.StatusCode != 201 && res.StatusCode != 200 {
		return fmt.Errorf("status %d: %.120s", res.StatusCode, body)
	}
	if l, err := url.Parse(res.Header.Get("Location")); err == nil && res.Header.Get("Location") != "" {
		p.resource = base.ResolveReference(l).String()
	}
	if err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(body)}); err != nil {
		return err
	}
	select {
	case <-connected:
		return nil
	case <-failed:
		return fmt.Errorf("connection failed")
	case <-time.After(15 * time.Second):
		return fmt.Errorf("not connected in 15 s")
	}
}

// hasIDR tells whether an H.264 RTP payload (RFC 6184 single NAL, STAP-A or FU-A start) carries an IDR slice or an SPS.
func hasIDR(b []byte) bool {
	key := func(t byte) bool { return t == 5 || t == 7 }
	switch t := b[0] & 31; {
	case key(t):
		return true
	case t == 28:
		return b[1]&0x80 != 0 && key(b[1]&31)
	case t == 24:
		for i := 1; i+2 < len(b); {
			n := int(b[i])<<8 | int(b[i+1])
			if key(b[i+2] & 31) {
				return true
			}
			i += 2 + n
		}
	}
	return false
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
func qs(v []float64) map[string]float64 {
	if len(v) == 0 {
		return nil
	}
	sort.Float64s(v)
	return map[string]float64{"p50": v[len(v)/2], "p95": v[min(len(v)-1, len(v)*95/100)], "max": v[len(v)-1]}
}
func cpu(pid int) float64 {
	if pid == 0 {
		return 0
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	s := string(b)
	f := strings.Fields(s[strings.LastIndex(s, ")")+2:])
	var u, k float64
	fmt.Sscan(f[11], &u)
	fmt.Sscan(f[12], &k)
	return (u + k) / 100
}
func rss(pid int) float64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	f := strings.Fields(string(b))
	var p float64
	if len(f) > 1 {
		fmt.Sscan(f[1], &p)
	}
	return p * 4096 / 1e6
}
