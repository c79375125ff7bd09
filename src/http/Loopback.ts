const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/i

/** Whether a host is this machine itself, and nobody on the way can read what is sent to it. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host)
