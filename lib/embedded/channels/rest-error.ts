/** A refusal of the REST API; the message goes out as plain text. */
export class RestError extends Error {
  override name = "RestError";
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 405 | 413,
    message: string,
  ) {
    super(message);
  }
}
