import Pusher from "pusher-js";

type Authorize = (socketId: string, channelName: string) => Promise<{ auth: string }>;
type Authenticate = (socketId: string) => Promise<{ auth: string; user_data: string }>;

/**
 * The official client, connected to a Channels server on this machine, outside of a browser. `authenticate`: for who
 * signs the socket in.
 */
export function connectPusher(
  key: string,
  port: number,
  authorize: Authorize,
  authenticate: Authenticate = () => Promise.reject(new Error("This socket does not sign in")),
): Pusher {
  return new Pusher(key, {
    cluster: "",
    wsHost: "127.0.0.1",
    wsPort: port,
    forceTLS: false,
    enabledTransports: ["ws"],
    disableStats: true,
    channelAuthorization: {
      endpoint: "unused",
      transport: "ajax",
      customHandler: ({ socketId, channelName }, callback) => {
        authorize(socketId, channelName).then(
          (answer) => callback(null, answer),
          (error: Error) => callback(error, null),
        );
      },
    },
    userAuthentication: {
      endpoint: "unused",
      transport: "ajax",
      customHandler: ({ socketId }, callback) => {
        authenticate(socketId).then(
          (answer) => callback(null, answer),
          (error: Error) => callback(error, null),
        );
      },
    },
  });
}
