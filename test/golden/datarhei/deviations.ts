/**
 * Every place where an answer of ours is not what the recorded datarhei Core answered, with the reason.
 * The comparison fails for a difference that is not in here, and for one in here that is gone.
 */
export interface Deviation {
  readonly reason: string;
  /** By the name of the exchange. */
  readonly differences: Readonly<Record<string, readonly string[]>>;
}

export const DEVIATIONS: readonly Deviation[] = [
  {
    reason: "A probed stereo track has two channels; Core leaves the number at 0.",
    differences: { probe: ["streams[1].channels: another value"] },
  },
  {
    reason:
      "The product and its version stand in a member of their own, which Core's clients ignore; the id is CORE_ID.",
    differences: { about: ["id: another value", "product: added"] },
  },
  {
    reason:
      "The webrtc block is what turns a process into a stream; Core drops it as it drops every unknown member.",
    differences: {
      add_webrtc_block: ["webrtc: added"],
      config_webrtc_block: ["webrtc: added"],
      process_list_final: ["[10].config.webrtc: added"],
    },
  },
  {
    reason:
      "There is no memory filesystem, and files are for administrators: Core offers them to everyone at /.",
    differences: { fs_list: ["body: 2 elements became 1"] },
  },
  {
    reason: "The details say which of the two lists is empty, where Core gives none.",
    differences: { add_no_input: ["details: 0 elements became 1"] },
  },
  {
    reason:
      "Outside of /api there is no disk to look a file up in, so the answer does not speak of files.",
    differences: { unknown_route_outside: ["details[0]: another value", "message: another value"] },
  },
];
