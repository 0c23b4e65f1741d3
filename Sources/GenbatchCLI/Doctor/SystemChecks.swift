internal import Checkpointing

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What genbatch needs of the machine, whatever the job.
enum SystemChecks {
    /// Below this not even a modest job gets the connections that it wants.
    private static let fewDescriptors = 256

    static func all() -> [Finding] {
        [sqlite(.linked), descriptors(DescriptorLimit.possible)]
    }

    private static func sqlite(_ library: LibraryFacts) -> Finding {
        if let missing = library.missingVersion {
            return .fail("sqlite", "version \(library.version) is too old", advice: "install \(missing) or later")
        }
        guard library.hasLogResetBug else { return .ok("sqlite", "version \(library.version)") }
        return .ok(
            "sqlite",
            "version \(library.version) can damage a database that two processes write to (mended in 3.51.3); "
                + "genbatch lets one write and the others read, so do not write with other programs"
        )
    }

    private static func descriptors(_ possible: Int) -> Finding {
        guard possible < fewDescriptors else {
            return .ok("files", "\(possible) files may be open at once")
        }
        return .warn(
            "files",
            "only \(possible) files may be open at once, which bounds the requests in flight",
            advice: "raise the limit with `ulimit -n`"
        )
    }
}
