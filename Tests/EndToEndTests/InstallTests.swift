import Foundation
import TestSupport
import Testing

/// What `make install` and the Debian package put on a machine.
@Suite("Installing", .timeLimit(.minutes(3)))
struct InstallTests {
    @Test("programs, manual pages, completions and samples are installed, and links between the documents hold")
    func install() async throws {
        let work = try Workspace()
        let programs = URL(fileURLWithPath: try BuiltProducts.path(of: "genbatch")).deletingLastPathComponent().path
        let package = BuiltProducts.package.path
        let made = try await work.shell(
            "cd '\(package)' && scripts/install.sh '\(programs)' /usr '\(work.path)/tree'"
        )
        #expect(made.status == 0 && made.errors.isEmpty, "\(made.errors)")
        for file in [
            "bin/genbatch", "bin/gemini-simulator", "share/man/man1/genbatch-run.1",
            "share/bash-completion/completions/genbatch", "share/zsh/site-functions/_genbatch",
            "share/fish/vendor_completions.d/genbatch.fish", "share/doc/genbatch/jobs/quickstart.yaml",
        ] {
            #expect(work.exists("tree/usr/\(file)"), "\(file)")
        }
        let documents = "tree/usr/share/doc/genbatch"
        for (document, folder) in [("README.md", ""), ("docs/performance.md", "docs/")] {
            let links = try work.read("\(documents)/\(document)").matches(of: /\]\(([a-z][A-Za-z0-9.\/-]*)[)#]/).map(
                \.1
            )
            #expect(!links.isEmpty, "\(document)")
            for link in links {
                #expect(work.exists("\(documents)/\(folder)\(link)"), "\(document) leads to \(link)")
            }
        }
    }
}
