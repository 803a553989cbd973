/**
 * A pretended media server inside a browser page: it answers WHEP offers with a moving canvas
 * and a tone, so that the player can be watched playing without FFmpeg and without our server.
 */

import type { Page } from "playwright-core";

/** Runs in the page; a string, because the test process has no DOM types. */
const SENDER = `
  const canvas = document.createElement("canvas");
  canvas.width = 640;
  canvas.height = 360;
  const pen = canvas.getContext("2d");
  let frame = 0;
  setInterval(() => {
    pen.fillStyle = "hsl(" + (frame % 360) + " 60% 40%)";
    pen.fillRect(0, 0, 640, 360);
    pen.fillStyle = "#fff";
    pen.font = "64px sans-serif";
    pen.fillText(String(frame++), 40, 200);
  }, 33);
  const audio = new AudioContext();
  const tone = new OscillatorNode(audio, { frequency: 440 });
  const out = audio.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  const stream = new MediaStream([
    ...canvas.captureStream(30).getVideoTracks(),
    ...out.stream.getAudioTracks(),
  ]);
  let pc;
  window.answerOffer = async (sdp) => {
    pc = new RTCPeerConnection();
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
    await pc.setRemoteDescription({ type: "offer", sdp });
    await pc.setLocalDescription(await pc.createAnswer());
    while (pc.iceGatheringState !== "complete") await new Promise((go) => setTimeout(go, 20));
    return pc.localDescription.sdp;
  };
  window.endSession = () => pc.close();
  window.fallSilent = () => {
    for (const sender of pc.getSenders()) sender.replaceTrack(null);
  };
  window.stopPicture = () => pc.getSenders().find((one) => one.track.kind === "video").replaceTrack(null);
`;

export interface SenderPage {
  answer(offer: string): Promise<string>;
  endSession(): Promise<void>;
  /** The connection stays, but no packet is sent any more, as when a source restarts. */
  fallSilent(): Promise<void>;
  /** Only sound goes on. */
  stopPicture(): Promise<void>;
}

/** Turns an empty page into a sender. Its host candidates must not hide behind mDNS names. */
export async function senderPage(page: Page): Promise<SenderPage> {
  await page.evaluate(SENDER);
  return {
    answer: (offer) => page.evaluate(`window.answerOffer(${JSON.stringify(offer)})`),
    endSession: () => page.evaluate("window.endSession()"),
    fallSilent: () => page.evaluate("window.fallSilent()"),
    stopPicture: () => page.evaluate("window.stopPicture()"),
  };
}
