// Runs in a page: plays, trickles what was gathered, restarts ICE, and tells what came of it.

export async function playAndRestart(endpoint) {
  const pc = new RTCPeerConnection();
  const gathered = [];
  pc.addEventListener("icecandidate", ({ candidate }) => {
    if (candidate?.candidate) gathered.push(candidate.candidate);
  });
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const stats = async () => {
    const report = await pc.getStats();
    const all = [...report.values()];
    const frames = all.find(({ type }) => type === "inbound-rtp")?.framesDecoded ?? 0;
    const pairs = all.filter(
      ({ type, state }) => type === "candidate-pair" && state === "succeeded",
    );
    const selected = all.find(({ type }) => type === "transport")?.selectedCandidatePairId;
    return { frames, pair: selected ?? pairs.find(({ nominated }) => nominated)?.id };
  };
  const moreFrames = async () => {
    const { frames } = await stats();
    for (let tries = 0; tries < 100; tries++) {
      await pause(100);
      if ((await stats()).frames > frames + 15) return true;
    }
    return false;
  };
  const line = (sdp, name) => new RegExp(`^a=${name}:.*$`, "m").exec(sdp)?.[0].trim() ?? "";
  const patch = (url, etag, candidates) => {
    const { sdp } = pc.localDescription;
    const lines = [
      line(sdp, "ice-ufrag"),
      line(sdp, "ice-pwd"),
      "m=video 9 UDP/TLS/RTP/SAVPF 0",
      "a=mid:0",
      ...candidates.map((candidate) => `a=${candidate}`),
    ];
    return fetch(url, {
      method: "PATCH",
      headers: { "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": etag },
      body: `${lines.join("\r\n")}\r\n`,
    });
  };

  pc.addTransceiver("video", { direction: "recvonly" });
  await pc.setLocalDescription();
  const created = await fetch(endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/sdp" },
    body: pc.localDescription.sdp,
  });
  const session = new URL(created.headers.get("location"), endpoint).href;
  const answer = await created.text();
  await pc.setRemoteDescription({ type: "answer", sdp: answer });
  const playedFirst = await moreFrames();
  const trickled = await patch(session, created.headers.get("etag"), gathered);

  const before = await stats();
  await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
  const restarted = await patch(session, "*", []);
  const fragment = await restarted.text();
  const fresh = answer
    .replace(/^a=ice-ufrag:.*$/gm, line(fragment, "ice-ufrag"))
    .replace(/^a=ice-pwd:.*$/gm, line(fragment, "ice-pwd"));
  await pc.setRemoteDescription({ type: "answer", sdp: fresh });
  await pause(2000);
  const playedAgain = await moreFrames();
  const after = await stats();
  const trickledAgain = await patch(session, restarted.headers.get("etag"), gathered);
  const state = pc.connectionState;
  pc.close();
  const ended = await fetch(session, { method: "DELETE" });
  const answers = [created, trickled, restarted, trickledAgain, ended];
  const statuses = answers.map(({ status }) => status);
  return { playedFirst, playedAgain, state, pairs: [before.pair, after.pair], statuses };
}
