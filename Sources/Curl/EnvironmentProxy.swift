#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The proxy that the environment names for https, found as libcurl finds it.
///
/// libcurl does the finding for its transfers; this is for messages, which are to name the one at fault.
package enum EnvironmentProxy {
    /// In the order in which libcurl asks; `http_proxy` is for plain http, which goes to this machine only.
    private static let variables = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]

    /// What to call it, without the user name and the password that its address may hold; `nil` if there is none.
    package static var description: String? {
        for variable in variables {
            guard let value = getenv(variable), value[0] != 0 else { continue }
            let address = String(cString: value)
            let host = address.split(separator: "@").last ?? ""
            return "the proxy \(host.split(separator: "//").last ?? "") that \(variable) names"
        }
        return nil
    }
}
