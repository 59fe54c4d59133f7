// What the server lets a marker be; apart from the document's code, which is loaded only with the world.
export const MARKER_WORDS = 500; // characters on a marker
