/**
 * # Calls to the server
 *
 * JSON in and out. What goes wrong arrives as problem+json (RFC 9457), from the Cloud API as Graph's error object, and
 * leaves here as a [`Problem`]: what happened, a stable code, and the request id that an operator can look up in the log.
 */
export class Problem extends Error {
  override name = "Problem";
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string | null,
    /** Of a file that was not taken in: everything that is wrong in it. */
    readonly faults: readonly Fault[] = [],
  ) {
    super(message);
  }
}

/** What is wrong in a file; row 0 is its head, or all of it. */
export type Fault = { row: number; column: string; what: string };

type GraphError = { message?: string; code?: number; error_data?: { details?: string }; error_user_msg?: string; fbtrace_id?: string };
type ProblemBody = { title?: string; detail?: string; code?: string; instance?: string; error?: GraphError; errors?: Fault[] };

export type Request = { method?: "GET" | "POST" | "PUT" | "DELETE"; token?: string | null; body?: unknown; /** Sent as it is, in place of a body. */ file?: File; signal?: AbortSignal };

async function problemOf(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => ({}))) as ProblemBody;
  const { error } = body;
  if (error) {
    const said = error.error_data?.details ?? error.error_user_msg ?? error.message ?? `The Cloud API answered ${response.status}.`;
    return new Problem(response.status, String(error.code ?? "unknown"), said, error.fbtrace_id ?? null);
  }
  const words = body.detail ?? body.title ?? `The server answered ${response.status}.`;
  return new Problem(response.status, body.code ?? "unknown", words, body.instance ?? response.headers.get("x-request-id"), body.errors ?? []);
}

async function answerOf(path: string, request: Request): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (request.token) headers["authorization"] = `Bearer ${request.token}`;
  if (request.body !== undefined) headers["content-type"] = "application/json";
  const init: RequestInit = { method: request.method ?? "GET", headers, credentials: "same-origin" };
  if (request.body !== undefined) init.body = JSON.stringify(request.body);
  if (request.file !== undefined) init.body = request.file;
  if (request.signal) init.signal = request.signal;

  try {
    return await send(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "unreachable", "The server cannot be reached. Check that it runs, and your connection.", null);
  }
}

/** One call; throws a [`Problem`] for every answer that is not a success. */
export async function call<Answer>(path: string, request: Request = {}): Promise<Answer> {
  const response = await answerOf(path, request);
  if (!response.ok) throw await problemOf(response);
  if (!(response.headers.get("content-type") ?? "").includes("json")) {
    throw new Problem(response.status, "not_json", "The server answered something that is not JSON.", response.headers.get("x-request-id"));
  }
  return (await response.json()) as Answer;
}

/** A file goes up; the answer is JSON. */
export function upload<Answer>(path: string, request: Request & { file: File }): Promise<Answer> {
  return call<Answer>(path, request);
}

/** A file comes down. */
export async function download(path: string, request: Request = {}): Promise<ArrayBuffer> {
  const response = await answerOf(path, request);
  if (!response.ok) throw await problemOf(response);
  return response.arrayBuffer();
}

/** A file; throws a [`Problem`] for every answer that is not a success. */
export async function fetchFile(path: string, request: Request = {}): Promise<Blob> {
  const response = await answerOf(path, request);
  if (!response.ok) throw await problemOf(response);
  return response.blob();
}

/** What came back, whatever it is. */
export type Exchange = { status: number; duration_ms: number; trace: string | null; body: unknown };

/** One call for somebody who wants to see the answer itself, also that of a refusal. */
export async function exchange(path: string, request: Request): Promise<Exchange> {
  const began = performance.now();
  const response = await answerOf(path, request);
  const text = await response.text();
  const duration_ms = performance.now() - began;
  let body: unknown = text;
  try {
    body = JSON.parse(text) as unknown;
  } catch {
    // It is shown as the text that it is.
  }
  return { status: response.status, duration_ms, trace: response.headers.get("x-fb-trace-id"), body };
}

async function send(path: string, init: RequestInit): Promise<Response> {
  if (__MOCK__) {
    const { mockFetch } = await import("./mock");
    return mockFetch(path, init);
  }
  return fetch(path, init);
}
