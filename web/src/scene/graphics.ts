// What draws: a graphics card, the processor in its stead, or nothing.
export type Graphics = "none" | "software" | "card";

const SOFTWARE = /swiftshader|llvmpipe|softpipe|lavapipe|software|basic render/i;

/** What this browser draws WebGL 2 with, by the name that its renderer gives itself; a renderer without a name is taken for a card. */
export function findGraphics(): Graphics {
  try {
    const gl = document.createElement("canvas").getContext("webgl2");
    if (!gl) return "none";
    const named = gl.getExtension("WEBGL_debug_renderer_info");
    const name = String(gl.getParameter(named ? named.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
    gl.getExtension("WEBGL_lose_context")?.loseContext();
    return SOFTWARE.test(name) ? "software" : "card";
  } catch {
    return "none";
  }
}
