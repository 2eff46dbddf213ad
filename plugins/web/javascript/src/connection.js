// A WebSocket that comes back by itself: after a second, and later and later, until the server is there again.

/**
 * @typedef {object} Wire what a language client sends and hears by, while one connection lasts
 * @property {(message: string) => void} send
 * @property {(handler: (message: string) => void) => void} subscribe
 * @property {(handler: (message: string) => void) => void} unsubscribe
 */

/** @typedef {"connecting" | "open" | "lost" | "logged out" | "too much"} State */

/**
 * @typedef {object} Events
 * @property {(wire: Wire) => void} opened
 * @property {(state: State) => void} changed
 */

const ENDED = 4401;
const TOO_MUCH = 4429;
const FIRST = 1_000;
const LAST = 30_000;
/** Milliseconds that a connection has to last to count as one. */
const LASTING = 5_000;

/**
 * Milliseconds before another attempt; a part of it is chance, so that not every editor comes at once.
 * @param {number} failures in a row
 * @param {State} state
 * @param {number} chance from 0 to 1
 */
export function wait(failures, state, chance) {
  if (state === "logged out" || state === "too much") return LAST / 3;
  return Math.min(FIRST * 2 ** failures, LAST) * (0.5 + chance / 2);
}

/**
 * @param {number} code with which a WebSocket was closed
 * @returns {State}
 */
export function stateAfter(code) {
  if (code === ENDED) return "logged out";
  return code === TOO_MUCH || code === 1009 ? "too much" : "lost";
}

export class Connection {
  /**
   * @param {string} address
   * @param {Events} events
   */
  constructor(address, events) {
    this.address = address;
    this.events = events;
    this.failures = 0;
    this.again = () => this.connect();
    window.addEventListener("online", this.again);
    this.connect();
  }

  connect() {
    if (this.socket) return;
    clearTimeout(this.timer);
    this.events.changed("connecting");
    const socket = (this.socket = new WebSocket(this.address));
    /** @type {Set<(message: string) => void>} */
    const handlers = new Set();
    let opened = Infinity;
    socket.onopen = () => {
      opened = Date.now();
      this.events.opened(wireOf(socket, handlers));
      this.events.changed("open");
    };
    socket.onmessage = ({ data }) => handlers.forEach((handler) => handler(data));
    socket.onclose = ({ code }) => {
      handlers.clear();
      this.lost(stateAfter(code), Date.now() - opened > LASTING);
    };
  }

  /**
   * @param {State} state
   * @param {boolean} lasted
   */
  lost(state, lasted) {
    this.socket = undefined;
    this.failures = lasted ? 0 : this.failures + 1;
    this.events.changed(state);
    this.timer = setTimeout(this.again, wait(this.failures, state, Math.random()));
  }
}

/**
 * @param {WebSocket} socket
 * @param {Set<(message: string) => void>} handlers
 * @returns {Wire}
 */
function wireOf(socket, handlers) {
  return {
    send: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(message);
    },
    subscribe: (handler) => handlers.add(handler),
    unsubscribe: (handler) => handlers.delete(handler),
  };
}
