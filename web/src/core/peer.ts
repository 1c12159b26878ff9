/**
 * # The media of a call
 *
 * One peer connection with one audio track each way (Opus), encrypted from end to end by WebRTC itself. All candidates
 * travel in the session description: there is no second channel for later ones. What is heard comes out of an element
 * that is not on the page.
 */
import type { MakePeer, Peer, PeerState } from "./line";

/** Candidates that take longer are left out. */
const GATHER_MS = 2500;

const STATES: Partial<Record<RTCPeerConnectionState, PeerState>> = {
  connecting: "connecting",
  connected: "connected",
  disconnected: "interrupted",
  failed: "failed",
};

async function microphone(): Promise<MediaStream> {
  // Absent on pages that did not come over TLS.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new Error("Calls need a secure connection: open this page by https.");
  try {
    return await devices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true }, video: false });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError") throw new Error("Plaza may not use the microphone. Allow it beside the address of this page, and try again.", { cause: error });
    if (name === "NotFoundError") throw new Error("No microphone was found. Connect one, and try again.", { cause: error });
    throw new Error("The microphone cannot be used. Perhaps another program has it.", { cause: error });
  }
}

/** Waits until all candidates are known, or long enough. */
function gathered(connection: RTCPeerConnection): Promise<void> {
  if (connection.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, GATHER_MS);
    connection.addEventListener("icegatheringstatechange", () => {
      if (connection.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve();
    });
  });
}

/** A peer connection of this browser. */
export const makePeer: MakePeer = async (iceServers, onState) => {
  const stream = await microphone();
  const connection = new RTCPeerConnection({ iceServers });
  const heard = new Audio();
  heard.muted = true;
  heard.autoplay = true;
  for (const track of stream.getTracks()) {
    track.enabled = false;
    connection.addTrack(track, stream);
  }
  connection.addEventListener("track", (event) => {
    heard.srcObject = event.streams[0] ?? new MediaStream([event.track]);
    heard.play().catch(() => undefined);
  });
  connection.addEventListener("connectionstatechange", () => {
    const state = STATES[connection.connectionState];
    if (state) onState(state);
  });

  async function described(description: RTCSessionDescriptionInit): Promise<string> {
    await connection.setLocalDescription(description);
    await gathered(connection);
    return connection.localDescription?.sdp ?? "";
  }

  let answered: Promise<void> | null = null;

  const peer: Peer = {
    offer: async () => described(await connection.createOffer()),
    // What was sent ahead comes again when it is picked up, perhaps while the first is still being taken in.
    answered: (sdp) => (answered ??= connection.setRemoteDescription({ type: "answer", sdp })),
    answer: async (offer) => {
      await connection.setRemoteDescription({ type: "offer", sdp: offer });
      return described(await connection.createAnswer());
    },
    speak: (on) => {
      for (const track of stream.getTracks()) track.enabled = on;
    },
    listen: (on) => {
      heard.muted = !on;
    },
    close: () => {
      heard.srcObject = null;
      for (const track of stream.getTracks()) track.stop();
      connection.close();
    },
  };
  return peer;
};
