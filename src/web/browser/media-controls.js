// The buttons on and under the picture: play, sound, volume, full screen, picture in picture.

const byId = (id) => document.getElementById(id);

/**
 * Wires the controls to the video element. `onPlay` is asked to play on where there is no session any more.
 * Returns { update, show, setHasAudio, setStopped }.
 */
export function mediaControls(video, onPlay) {
  const frame = byId("screen");
  const play = byId("play");
  const mute = byId("mute");
  const volume = byId("volume");
  const unmute = byId("unmute");
  const start = byId("start");
  let hasAudio = false;
  let stopped = false;
  /** The viewer paused: a new session must not play by itself. */
  let held = false;

  function update() {
    const canPlay = stopped || video.srcObject?.active === true;
    label(play, video.paused ? "Play" : "Pause", video.paused ? "play" : "pause");
    label(mute, video.muted ? "Unmute" : "Mute", video.muted ? "sound-off" : "sound-on");
    play.disabled = !canPlay;
    mute.disabled = !hasAudio;
    volume.disabled = !hasAudio;
    volume.value = String(video.muted ? 0 : Math.round(video.volume * 100));
    // A browser may refuse to play even without sound, as phones do that save power.
    start.hidden = !(video.paused && canPlay);
    unmute.hidden = !(hasAudio && video.muted && !video.paused);
  }

  function setMuted(muted) {
    // A volume of zero would make "Unmute" a button without effect.
    if (!muted && video.volume === 0) video.volume = 1;
    video.muted = muted;
    if (!muted && document.activeElement === unmute) mute.focus();
  }

  play.addEventListener("click", () => {
    if (video.paused) video.play().catch(() => {});
    else video.pause();
  });
  mute.addEventListener("click", () => setMuted(!video.muted));
  unmute.addEventListener("click", () => setMuted(false));
  start.addEventListener("click", () => {
    play.focus();
    video.play().catch(() => {});
  });
  volume.addEventListener("input", () => {
    video.volume = Number(volume.value) / 100;
    video.muted = video.volume === 0;
  });
  // By a button here, a key of the keyboard, or picture in picture. The end of a session pauses too.
  video.addEventListener("play", () => {
    held = false;
    if (stopped) onPlay();
  });
  video.addEventListener("pause", () => {
    if (video.srcObject?.active) held = true;
  });
  for (const name of ["play", "pause", "ended", "volumechange"])
    video.addEventListener(name, update);
  wireFullscreen(video, frame);
  wirePictureInPicture(video);
  update();
  return {
    update,
    /** Shows a new session's stream; rejected where the browser wants a click first. */
    async show(stream) {
      video.srcObject = stream;
      update();
      if (!held) await video.play();
    },
    setHasAudio(value) {
      hasAudio = value;
      update();
    },
    setStopped(value) {
      stopped = value;
      update();
    },
  };
}

function label(button, text, icon) {
  if (button.dataset.icon === icon) return;
  button.dataset.icon = icon;
  button.querySelector(".label").textContent = text;
}

function wireFullscreen(video, frame) {
  const button = byId("fullscreen");
  // A page that shows the player in a frame may not allow it. iPhones can only show the video element itself.
  button.hidden = !document.fullscreenEnabled && video.webkitEnterFullscreen === undefined;
  button.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (frame.requestFullscreen) frame.requestFullscreen().catch(() => {});
    else video.webkitEnterFullscreen?.();
  });
  document.addEventListener("fullscreenchange", () => {
    const active = document.fullscreenElement !== null;
    label(button, active ? "Leave full screen" : "Full screen", active ? "shrink" : "grow");
  });
}

function wirePictureInPicture(video) {
  const button = byId("pip");
  button.hidden = !document.pictureInPictureEnabled;
  button.addEventListener("click", () => {
    if (document.pictureInPictureElement) document.exitPictureInPicture().catch(() => {});
    else video.requestPictureInPicture().catch(() => {});
  });
}
