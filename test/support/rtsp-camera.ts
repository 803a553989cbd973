/**
 * A camera as cameras are: RTSP over TCP (RFC 2326, RTP interleaved) behind a digest password, H.264 and G.711. It can
 * go away, come back, and stand still with its connections open.
 */
import { createHash, randomBytes } from "node:crypto";
import { isRtcp } from "../../src/wire/rtp/header.ts";
import { freePorts } from "./free-ports.ts";

const REALM = "camera";
/** RFC 3551: PCMU is 0; the first dynamic number is the video's. */
const VIDEO_TYPE = 96;
const AUDIO_TYPE = 0;

interface Connection {
  text: string;
  playing: boolean;
}

type Socket = Bun.Socket<Connection>;

export class RtspCamera {
  readonly port: number;
  /** Connected, but sends nothing. */
  frozen = false;
  private readonly nonce = randomBytes(8).toString("hex");
  private readonly password: string;
  private readonly connections = new Set<Socket>();
  private listener: Bun.TCPSocketListener<Connection> | undefined;
  private encoder: Bun.Subprocess | undefined;
  private tracks: Bun.udp.Socket<"buffer">[] = [];

  private constructor(port: number, password: string) {
    this.port = port;
    this.password = password;
  }

  /** A camera that is on. Its user is `viewer`. */
  static async start(password: string): Promise<RtspCamera> {
    const [port = 0] = await freePorts(1);
    const camera = new RtspCamera(port, password);
    for (const track of [0, 1]) {
      const socket = await Bun.udpSocket({
        hostname: "127.0.0.1",
        port: 0,
        socket: { data: (_, datagram) => camera.forward(track, datagram) },
      });
      camera.tracks.push(socket);
    }
    const [video = 0, audio = 0] = camera.tracks.map((socket) => socket.port);
    camera.encoder = Bun.spawn(["ffmpeg", ...encoderArguments(video, audio)], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
    });
    camera.comeBack();
    return camera;
  }

  get url(): string {
    return `rtsp://viewer:${encodeURIComponent(this.password)}@127.0.0.1:${this.port}/cam`;
  }

  /** Closes every connection and refuses new ones. */
  goAway(): void {
    this.listener?.stop(true);
    this.listener = undefined;
    for (const socket of this.connections) socket.terminate();
    this.connections.clear();
  }

  comeBack(): void {
    this.listener = Bun.listen<Connection>({
      hostname: "127.0.0.1",
      port: this.port,
      socket: {
        open: (socket) => {
          socket.data = { text: "", playing: false };
          this.connections.add(socket);
        },
        data: (socket, bytes) => this.read(socket, bytes),
        close: (socket) => void this.connections.delete(socket),
        error: () => undefined,
      },
    });
  }

  async stop(): Promise<void> {
    this.goAway();
    this.encoder?.kill("SIGKILL");
    await this.encoder?.exited;
    for (const socket of this.tracks) socket.close();
  }

  /** RFC 2326 section 10.12: `$`, the channel, the length, the packet. */
  private forward(track: number, packet: Buffer): void {
    if (this.frozen) return;
    const channel = 2 * track + (isRtcp(packet) ? 1 : 0);
    const header = Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]);
    const framed = Buffer.concat([header, packet]);
    for (const socket of this.connections) if (socket.data.playing) socket.write(framed);
  }

  private read(socket: Socket, bytes: Buffer): void {
    // FFmpeg sends its receiver reports in frames of the same kind, which are no text.
    if (bytes[0] === 0x24) return;
    socket.data.text += bytes.toString("latin1");
    for (;;) {
      const end = socket.data.text.indexOf("\r\n\r\n");
      if (end < 0) return;
      const request = socket.data.text.slice(0, end);
      socket.data.text = socket.data.text.slice(end + 4);
      socket.write(this.answer(socket, request));
    }
  }

  private answer(socket: Socket, request: string): string {
    const [line = "", ...headers] = request.split("\r\n");
    const [method = ""] = line.split(" ");
    const header = (name: string) =>
      headers
        .find((one) => one.toLowerCase().startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim();
    const reply = (status: string, more: readonly string[] = [], body = "") =>
      [`RTSP/1.0 ${status}`, `CSeq: ${header("cseq")}`, ...more, "", body].join("\r\n");
    if (method === "OPTIONS") return reply("200 OK", ["Public: DESCRIBE, SETUP, PLAY, TEARDOWN"]);
    if (!this.knows(method, header("authorization") ?? "")) {
      const challenge = `WWW-Authenticate: Digest realm="${REALM}", nonce="${this.nonce}"`;
      return reply("401 Unauthorized", [challenge]);
    }
    if (method === "DESCRIBE") {
      const length = `Content-Length: ${DESCRIPTION.length}`;
      return reply("200 OK", ["Content-Type: application/sdp", length], DESCRIPTION);
    }
    if (method === "SETUP") {
      return reply("200 OK", [`Transport: ${header("transport")}`, "Session: 1"]);
    }
    if (method === "PLAY") socket.data.playing = true;
    return reply("200 OK", ["Session: 1"]);
  }

  /** RFC 2617 section 3.2.2, without qop. */
  private knows(method: string, authorization: string): boolean {
    const field = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(authorization)?.[1] ?? "";
    const user = md5(`viewer:${REALM}:${this.password}`);
    const expected = md5(`${user}:${this.nonce}:${md5(`${method}:${field("uri")}`)}`);
    return field("response") === expected;
  }
}

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

const DESCRIPTION = [
  "v=0",
  "o=- 0 0 IN IP4 127.0.0.1",
  "s=camera",
  "t=0 0",
  `m=video 0 RTP/AVP ${VIDEO_TYPE}`,
  `a=rtpmap:${VIDEO_TYPE} H264/90000`,
  `a=fmtp:${VIDEO_TYPE} packetization-mode=1`,
  "a=control:video",
  `m=audio 0 RTP/AVP ${AUDIO_TYPE}`,
  "a=control:audio",
  "",
].join("\r\n");

function encoderArguments(video: number, audio: number): string[] {
  const rtp = (port: number, type: number) => [
    ...["-payload_type", `${type}`, "-f", "rtp"],
    `rtp://127.0.0.1:${port}?rtcpport=${port}&pkt_size=1200`,
  ];
  return [
    ...["-nostdin", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30"],
    ...["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8000"],
    ...["-map", "0:v", "-c:v", "libx264", "-profile:v", "main", "-bf", "0", "-g", "30"],
    ...["-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"],
    ...["-x264-params", "repeat-headers=1", ...rtp(video, VIDEO_TYPE)],
    ...["-map", "1:a", "-c:a", "pcm_mulaw", "-ac", "1", ...rtp(audio, AUDIO_TYPE)],
  ];
}
