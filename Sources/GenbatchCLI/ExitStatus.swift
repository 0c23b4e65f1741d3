internal import ArgumentParser
internal import BatchCore
internal import Checkpointing
internal import Export
internal import GenAI
internal import JobFiles
internal import QuotaLedger

/// How the program ends; the README lists the codes, and scripts treat an unknown one as failure.
enum ExitStatus: Int32, Sendable {
    case allDone = 0
    case internalError = 1
    /// Finished, but at least one item failed for good.
    case someItemsFailed = 3
    /// Another run holds this checkpoint.
    case inUse = 11
    case wrongUsage = 64
    case invalidJob = 65
    case missingInput = 66
    case unreachable = 69
    case cannotCreateOutput = 73
    case inputOutputError = 74
    /// Work is left on purpose; run again.
    case workLeft = 75
    case notPermitted = 77
    case unusableConfiguration = 78
    case interrupted = 130
    case terminated = 143
}

/// An end of the program with a message for its user.
struct CommandFailure: Error {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// The status and the words for whatever a command threw.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure:
            self = failure
        case let error as JobFileError:
            self.init(error.isMissingInput ? .missingInput : .invalidJob, error.description)
        case let error as CheckpointError:
            self.init(Self.status(of: error), error.description)
        case let error as LedgerError:
            self.init(Self.status(of: error), error.description)
        case let error as GenAIError:
            self.init(Self.status(of: error), error.description)
        case let error as GenerationError:
            self.init(Self.status(of: error), error.message)
        case let error as ExportError:
            self.init(error.kind == .cannotCreate ? .cannotCreateOutput : .inputOutputError, error.description)
        case let error as FieldError:
            self.init(.wrongUsage, error.description)
        default:
            self.init(.internalError, "\(error)")
        }
    }

    private static func status(of error: CheckpointError) -> ExitStatus {
        switch error.kind {
        case .inUse: .inUse
        case .duplicateKey, .notOneJob: .invalidJob
        case .missing: .missingInput
        case .unknownKeys, .otherShard: .wrongUsage
        case .notACheckpoint, .newerSchema, .damaged, .readOnly, .networkFileSystem: .unusableConfiguration
        case .cannotCreate: .cannotCreateOutput
        case .diskFull, .io, .busy, .closed: .inputOutputError
        }
    }

    private static func status(of error: LedgerError) -> ExitStatus {
        switch error.kind {
        case .notALedger, .newerSchema, .damaged, .readOnly: .unusableConfiguration
        case .diskFull, .busy, .io: .inputOutputError
        }
    }

    private static func status(of error: GenAIError) -> ExitStatus {
        switch error {
        case .api(let error) where [401, 403].contains(error.httpStatus) || error.reason?.hasPrefix("API_KEY") == true:
            .notPermitted
        case .api(let error) where error.httpStatus == 404: .unusableConfiguration
        case .api(let error) where error.httpStatus == 429: .workLeft
        case .api(let error) where error.httpStatus >= 500: .unreachable
        case .unreachable, .tls, .connectionLost, .timedOut: .unreachable
        case .invalidCall: .unusableConfiguration
        case .signIn(let error):
            switch error.code {
            case .noCredentials, .unusableCredentials: .unusableConfiguration
            case .rejected: .notPermitted
            case .unavailable: .unreachable
            }
        case .api, .interrupted, .emptyAnswer, .malformedResponse, .responseTooLarge: .someItemsFailed
        }
    }

    /// The status for a failure that ended a whole run.
    static func status(of error: GenerationError) -> ExitStatus {
        switch error.failureClass {
        case .auth: .notPermitted
        case .notFound: .unusableConfiguration
        case .tls: .unreachable
        case .rateMinute, .rateDay, .rateUnknown: .workLeft
        case let failureClass where failureClass.isServiceTrouble: .unreachable
        default: .someItemsFailed
        }
    }
}
