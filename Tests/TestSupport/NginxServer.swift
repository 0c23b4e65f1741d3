internal import Foundation
internal import Glibc

/// The system's nginx with fixed answers: a server that nobody here wrote, over HTTP/1.1 in the clear, and over TLS with
/// HTTP/2 or with HTTP/1.1 alone.
///
/// Any path that ends with `:streamGenerateContent` is answered with the stream, any other with the whole answer; below
/// `/gate` requests go on to another server. Below `/through` they go on to a third one as they are, and so do uploads.
package final class NginxServer {
    /// A request that was answered, as the access log tells it.
    package struct Access: Sendable {
        package let port: UInt16
        /// The number of the connection it came over.
        package let connection: Int
        package let status: Int
        /// For example `HTTP/2.0`.
        package let version: String
    }

    /// A name that is not one of this machine, for clients behind a ``ConnectProxy``.
    package static let remoteName = "gemini.test"

    package let clearPort: UInt16
    package let http2Port: UInt16
    package let http1Port: UInt16
    /// A PEM file with the authority that signed the server's certificate, which is valid for `localhost` and ``remoteName``.
    package let caFile: String
    /// A PEM file with an authority that did not.
    package let otherCAFile: String

    private let folder: TemporaryDirectory
    private var process: pid_t?

    /// Starts nginx, which is ready when this returns.
    ///
    /// - Parameters:
    ///   - stream: The body of streamed answers.
    ///   - whole: The body of whole answers.
    ///   - gate: The server behind `/gate`.
    ///   - through: The port on this machine of the server behind `/through`.
    /// - Throws: ``Command/Failure`` if nginx or openssl is missing or fails.
    package init(stream: String, whole: String, gate: LoopbackServer, through: Int? = nil) throws {
        folder = try TemporaryDirectory()
        let nginx = try Command.find(
            "nginx",
            advice: "run `make test`, which installs it, or `apt-get install nginx-light`"
        )
        caFile = try Self.makeCertificate("server", in: folder)
        otherCAFile = try Self.makeCertificate("other", in: folder)
        try folder.write(stream, to: "answers/stream")
        try folder.write(whole, to: "answers/whole")
        // nginx takes over sockets that listen already: no port can be lost to another program, and clients may
        // connect before it has read its configuration.
        let sockets = try (0..<3).map { _ in try LoopbackSocket.listen(SOCK_NONBLOCK.rawValue) }
        defer {
            for socket in sockets {
                close(socket.descriptor)
            }
        }
        (clearPort, http2Port, http1Port) = (sockets[0].port, sockets[1].port, sockets[2].port)
        let configuration = try folder.write(
            Self.configuration(folder.path, sockets.map(\.port), gate: gate.port, through: through),
            to: "nginx.conf"
        )
        process = try Self.spawn(
            nginx,
            ["-c", configuration, "-p", folder.path, "-e", "\(folder.path)/error.log"],
            sockets: sockets.map(\.descriptor)
        )
    }

    deinit {
        stop()
    }

    /// Ends nginx and waits for it.
    ///
    /// - Returns: The requests that it answered.
    @discardableResult
    package func stop() -> [Access] {
        if let process {
            kill(process, SIGTERM)
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0, errno == EINTR {}
            self.process = nil
        }
        let log = (try? String(contentsOfFile: "\(folder.path)/access.log", encoding: .utf8)) ?? ""
        return log.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 4, let port = UInt16(words[0]), let connection = Int(words[1]),
                let status = Int(words[2])
            else { return nil }
            return Access(port: port, connection: connection, status: status, version: String(words[3]))
        }
    }

    /// A certificate for `localhost` and ``remoteName`` that is its own authority.
    private static func makeCertificate(_ name: String, in folder: TemporaryDirectory) throws -> String {
        let openssl = try Command.find(
            "openssl",
            advice: "run `make test`, which installs it, or `apt-get install openssl`"
        )
        let path = "\(folder.path)/\(name).pem"
        try Command.run(
            openssl,
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:localhost,DNS:\(remoteName)", "-keyout",
                "\(folder.path)/\(name).key",
                "-out", path,
            ]
        )
        return path
    }

    private static func configuration(_ folder: String, _ ports: [UInt16], gate: UInt16, through: Int?) -> String {
        let unchanged = through.map { port in
            [("/through/", "/"), ("/upload/", "/upload/")].map { path, target in
                """
                location ^~ \(path) {
                    client_max_body_size 0;
                    proxy_method $request_method;
                    proxy_pass_request_body on;
                    proxy_set_header Content-Length $content_length;
                    proxy_set_header Host $http_host;
                    proxy_set_header X-Forwarded-Proto $scheme;
                    proxy_pass http://127.0.0.1:\(port)\(target);
                }
                """
            }.joined(separator: "\n")
        }
        // The answers come from a second server: a static file is not served to a POST, and the first one is to read
        // the whole request before it answers.
        let locations = """
                \(unchanged ?? "")
                location ^~ /gate/ {
                    proxy_pass http://127.0.0.1:\(gate);
                }
                location ~ :streamGenerateContent$ {
                    rewrite ^ /stream break;
                    proxy_pass http://unix:\(folder)/s;
                }
                location / {
                    rewrite ^ /whole break;
                    proxy_pass http://unix:\(folder)/s;
                }
            """
        return """
            daemon off;
            \(geteuid() == 0 ? "user root root;" : "")
            pid \(folder)/nginx.pid;
            events { worker_connections 4096; }
            http {
                log_format line '$server_port $connection $status $server_protocol';
                access_log \(folder)/access.log line;
                client_body_temp_path \(folder)/body;
                proxy_temp_path \(folder)/proxy;
                fastcgi_temp_path \(folder)/fastcgi;
                uwsgi_temp_path \(folder)/uwsgi;
                scgi_temp_path \(folder)/scgi;
                keepalive_requests 100000;
                proxy_method GET;
                proxy_pass_request_body off;
                proxy_set_header Content-Length "";
                proxy_http_version 1.1;
                proxy_buffering off;
                proxy_read_timeout 1h;
                ssl_certificate \(folder)/server.pem;
                ssl_certificate_key \(folder)/server.key;
                server {
                    listen 127.0.0.1:\(ports[0]);
                    \(locations)
                }
                server {
                    listen 127.0.0.1:\(ports[1]) ssl http2;
                    \(locations)
                }
                server {
                    listen 127.0.0.1:\(ports[2]) ssl;
                    \(locations)
                }
                server {
                    listen unix:\(folder)/s;
                    access_log off;
                    default_type text/event-stream;
                    add_header X-Gemini-Service-Tier priority;
                    root \(folder)/answers;
                }
            }
            """
    }

    /// Starts a program that inherits sockets and nothing else.
    private static func spawn(_ path: String, _ arguments: [String], sockets: [Int32]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let first: Int32 = 3
        // Onto numbers above all others first, so that no socket is overwritten before its turn.
        let aside = (sockets.max() ?? first) + 16
        for (offset, socket) in sockets.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, socket, aside + Int32(offset))
        }
        for offset in sockets.indices {
            posix_spawn_file_actions_adddup2(&actions, aside + Int32(offset), first + Int32(offset))
        }
        // Sockets of other tests must not stay open here: they wait for each other's end. Numbers that are not open
        // are passed over.
        for descriptor in (first + Int32(sockets.count))..<Int32(min(getdtablesize(), 1024)) {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        let inherited = sockets.indices.map { "\(first + Int32($0));" }.joined()
        var process = pid_t()
        let code = withCStrings([path] + arguments) { arguments in
            withCStrings(["NGINX=\(inherited)"]) { environment in
                posix_spawn(&process, path, &actions, nil, arguments, environment)
            }
        }
        guard code == 0 else {
            throw Command.Failure(description: "cannot start \(path): \(String(cString: strerror(code)))")
        }
        return process
    }

    /// Calls a body with texts as a C array that ends with `nil`.
    private static func withCStrings<Result>(
        _ texts: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) throws -> Result
    ) rethrows -> Result {
        let strings = texts.map { strdup($0) }
        defer {
            for string in strings {
                free(string)
            }
        }
        return try body(strings + [nil])
    }
}
