/** Says what kinds of media a filter graph of test sources makes, without running it. */

/** Sources whose name does not show that they make sound. */
const audioSources = ["sine", "anullsrc", "aevalsrc", "anoisesrc", "afirsrc", "sinc", "flite"];
/** `movie` plays files: it may hold both. */
const bothSources = ["movie", "amovie", "avsynctest"];

/** Looks at the first filter of each chain; an unknown graph is taken for video. */
export function lavfiKinds(graph: string): { video: boolean; audio: boolean } {
  let video = false;
  let audio = false;
  for (const chain of graph.split(";")) {
    // A chain that starts with a label continues another one, and its kind is known from there.
    const source = /^\s*([a-z0-9_]+)/i.exec(chain)?.[1];
    if (source === undefined) continue;
    if (bothSources.includes(source)) {
      video ||= source !== "amovie";
      audio = true;
    } else if (audioSources.includes(source)) audio = true;
    else video = true;
  }
  return video || audio ? { video, audio } : { video: true, audio: false };
}
