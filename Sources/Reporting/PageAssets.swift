internal import Crypto
internal import JSON

/// The style and the script of the page, and the policy that allows these two and nothing else.
enum PageAssets {
    static let style = PackageResources.report_css
    static let script = PackageResources.report_js

    /// For the first element of the page: nothing is loaded, sent or embedded, and of scripts only ours runs.
    static var policy: String {
        """
        default-src 'none'; script-src '\(hash(script))'; style-src '\(hash(style))'; img-src data:; \
        base-uri 'none'; form-action 'none'
        """
    }

    private static func hash(_ bytes: [UInt8]) -> String {
        "sha256-" + String(decoding: Base64.encode(Array(SHA256.hash(data: bytes))), as: UTF8.self)
    }
}
