// pionpeer is the smallest WHEP server that Pion makes: ICE-lite, one UDP port for all players, one
// TrackLocalStaticRTP per kind, default interceptors. The bench compares the cost of a viewer with it.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/pion/webrtc/v4"
)

func main() {
	httpAddress := flag.String("http", "127.0.0.1:0", "where WHEP offers are POSTed, at any path")
	videoPort := flag.Int("video", 0, "loopback UDP port for RTP of the video")
	audioPort := flag.Int("audio", 0, "loopback UDP port for RTP of the audio")
	flag.Parse()

	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(err)
	engine := webrtc.SettingEngine{}
	engine.SetLite(true)
	engine.SetIncludeLoopbackCandidate(true)
	engine.SetICEUDPMux(webrtc.NewICEUDPMux(nil, udp))
	api := webrtc.NewAPI(webrtc.WithSettingEngine(engine))

	video := newTrack(webrtc.MimeTypeH264, "video", *videoPort)
	audio := newTrack(webrtc.MimeTypeOpus, "audio", *audioPort)

	listener, err := net.Listen("tcp", *httpAddress)
	check(err)
	fmt.Printf("http://%s/whep\n", listener.Addr())
	os.Stdout.Sync()
	check(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			return
		}
		offer, _ := io.ReadAll(r.Body)
		answer, err := answerOf(api, string(offer), video, audio)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/sdp")
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, answer)
	})))
}

// answerOf makes a peer connection that closes itself when its player is gone.
func answerOf(api *webrtc.API, offer string, tracks ...webrtc.TrackLocal) (string, error) {
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateFailed || s == webrtc.PeerConnectionStateDisconnected {
			pc.Close()
		}
	})
	for _, track := range tracks {
		sender, err := pc.AddTrack(track)
		if err != nil {
			return "", err
		}
		// Unread RTCP would stop the interceptors, NACK answers among them.
		go func() {
			buffer := make([]byte, 1500)
			for {
				if _, _, err := sender.Read(buffer); err != nil {
					return
				}
			}
		}()
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		return "", err
	}
	<-gathered
	return pc.LocalDescription().SDP, nil
}

// newTrack copies what arrives at a loopback port into a track.
func newTrack(mime, kind string, port int) *webrtc.TrackLocalStaticRTP {
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, kind, "bench")
	check(err)
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	check(err)
	go func() {
		buffer := make([]byte, 1600)
		for {
			n, _, err := socket.ReadFromUDP(buffer)
			if err != nil {
				return
			}
			// Payload types 64 to 95 with the marker bit are RTCP (RFC 5761).
			if n > 1 && buffer[1] >= 192 && buffer[1] <= 223 {
				continue
			}
			track.Write(buffer[:n])
		}
	}()
	return track
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
