/** What an answer was, read to its end. `body` is the parsed JSON, or the text when it is none. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any;
}

export interface RequestOptions {
  headers?: Record<string, string>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as a form. */
  form?: Record<string, string> | [string, string][];
  /** Sent as it is; set the content type yourself. */
  raw?: BodyInit;
  /** False: without the Origin that a browser would add. */
  origin?: boolean;
}

/** A browser without a screen: keeps cookies, sends its Origin, follows nothing. */
export class HttpClient {
  readonly cookies = new Map<string, string>();
  constructor(readonly baseUrl: string) {}

  get(path: string, options?: RequestOptions): Promise<Answer> {
    return this.request("GET", path, options);
  }

  post(path: string, options?: RequestOptions): Promise<Answer> {
    return this.request("POST", path, options);
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { headers = {}, json, form, raw, origin = true } = options;
    const body = json !== undefined ? JSON.stringify(json) : form ? new URLSearchParams(form) : raw;
    const response = await fetch(new URL(path, this.baseUrl), {
      method,
      redirect: "manual",
      headers: {
        ...(json === undefined ? {} : { "Content-Type": "application/json" }),
        ...(method !== "GET" && origin ? { Origin: this.baseUrl } : {}),
        ...(this.cookies.size > 0 ? { Cookie: this.cookieHeader() } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
      ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
    } as RequestInit);
    for (const cookie of response.headers.getSetCookie()) this.keepCookie(cookie);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) };
  }

  cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  private keepCookie(line: string): void {
    const [pair = ""] = line.split(";");
    const at = pair.indexOf("=");
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    if (value === "" || /;\s*max-age=0/i.test(line)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Posts the sign-in form as the page does; the answer is next-auth's redirect. */
export async function postSignIn(client: HttpClient, email: string, password: string): Promise<Answer> {
  const { csrfToken } = (await client.get("/api/auth/csrf")).body;
  return client.post("/api/auth/callback/credentials", {
    form: { csrfToken, email, password, callbackUrl: "/consultations" },
  });
}

/** A client that is signed in; demo people have one password. */
export async function signIn(baseUrl: string, email: string, password = "murph-demo"): Promise<HttpClient> {
  const client = new HttpClient(baseUrl);
  const answer = await postSignIn(client, email, password);
  if (!client.cookies.has("next-auth.session-token")) {
    throw new Error(`Sign-in of ${email} was answered ${answer.status} ${answer.headers.get("location")}`);
  }
  return client;
}
