internal import BatchCore
internal import GenAI

/// The client's answers and errors to failure classes: the one place that knows both vocabularies.
enum FailureMapping {
    /// What keeps a collected answer from being one; `nil` if it is complete and usable.
    static func error(in collected: CollectedAnswer) -> GenerationError? {
        let answer = collected.answer
        let (failureClass, message): (FailureClass, String)
        if collected.isEndedEarly {
            (failureClass, message) = (
                .runaway,
                "the answer repeated itself without end and was cut; change the prompt, or turn this off with "
                    + "checks: {runaway: false}"
            )
        } else if let error = collected.error {
            if case .api(let apiError) = error {
                return self.error(for: apiError, in: answer)
            }
            (failureClass, message) = classify(error, hasBegun: answer.eventCount > 0)
        } else if answer.isPromptBlocked {
            (failureClass, message) = (
                .blockedPrompt,
                "the prompt was refused (\(answer.blockReason ?? "no reason given")); repeating does not help, change the prompt"
            )
        } else if let refusal = refusal(of: answer) {
            (failureClass, message) = refusal
        } else {
            return nil
        }
        return GenerationError(
            failureClass,
            message,
            partialText: answer.textBytes > 0 ? answer.text : nil,
            usage: TokenUsage(answer.totalUsage),
            isPossiblyBilled: collected.wasSent,
            modelVersion: answer.modelVersion,
            serviceTier: answer.servedTier
        )
    }

    /// Finish reasons that leave no usable answer (protocol, section 6.3).
    private static func refusal(of answer: AnswerAccumulator) -> (FailureClass, String)? {
        let reason = answer.finishReason ?? ""
        switch reason {
        case "STOP", "MAX_TOKENS":
            guard reason == "STOP", !answer.hasContent else { return nil }
            return (.empty, "the model stopped without saying anything")
        case "SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT", "MODEL_ARMOR", "ESCALATION", "PUP_LIMITED_DISABLED":
            return (.safety, "the answer was withheld (\(reason)); repeating does not help")
        case "RECITATION", "IMAGE_RECITATION":
            return (.recitation, "the answer came too close to known text (\(reason)); a changed prompt may help")
        case "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE":
            return (.invalidRequest, "the dialogue's tool calls do not fit (\(reason))")
        case "MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "OTHER", "FINISH_REASON_UNSPECIFIED", "NO_IMAGE",
            "IMAGE_OTHER":
            return (.malformed, "the model broke off (\(reason))")
        default:
            // A reason that is newer than we are: the answer counts if there is one, and the reason is kept with it.
            return answer.hasContent ? nil : (.malformed, "the model broke off (\(reason))")
        }
    }

    /// The failure of a request that is not for an answer.
    static func error(for error: GenAIError) -> GenerationError {
        if case .api(let apiError) = error {
            return self.error(for: apiError, in: AnswerAccumulator())
        }
        let (failureClass, message) = classify(error, hasBegun: false)
        return GenerationError(failureClass, message)
    }

    private static func classify(_ error: GenAIError, hasBegun: Bool) -> (FailureClass, String) {
        let text = error.description
        switch error {
        case .connectionLost: return (hasBegun ? .cutStream : .network, text)
        case .api, .unreachable: return (.network, text)
        case .tls: return (.tls, text)
        case .timedOut(.connect, _): return (.network, text)
        case .timedOut(.firstChunk, _): return (.timeoutFirstChunk, text)
        case .timedOut(.idle, _): return (.timeoutIdle, text)
        case .timedOut(.total, _): return (.timeoutItem, text + "; raise timeouts.item")
        case .interrupted: return (.cutStream, text)
        case .emptyAnswer: return (.empty, text)
        case .malformedResponse: return (.malformed, text)
        case .responseTooLarge: return (.tooLarge, text)
        case .invalidCall: return (.invalidRequest, text)
        case .signIn(let error): return (error.isTransient ? .network : .auth, text)
        }
    }

    // MARK: What the server said

    /// Longer delays are another day's quota, whatever the quota is called.
    private static let longestMinuteDelay = Duration.seconds(15 * 60)

    private static func error(for error: APIError, in answer: AnswerAccumulator) -> GenerationError {
        let (failureClass, advice) = classify(error)
        let quotas = error.quotaViolations.map { ExceededQuota(id: $0.quotaID, limit: $0.quotaValue) }
        return GenerationError(
            failureClass,
            error.description + (advice.map { "; \($0)" } ?? ""),
            httpStatus: error.httpStatus,
            retryDelay: error.retryDelay,
            quotas: quotas.filter(\.isPerDay) + quotas.filter { !$0.isPerDay },
            partialText: answer.textBytes > 0 ? answer.text : nil,
            usage: TokenUsage(answer.totalUsage),
            // A refused request costs nothing; an error after the answer had begun comes after billed work.
            isPossiblyBilled: answer.candidateCount > 0,
            modelVersion: answer.modelVersion,
            serviceTier: answer.servedTier
        )
    }

    private static func classify(_ error: APIError) -> (FailureClass, String?) {
        switch error.httpStatus {
        case 400 where error.reason?.hasPrefix("API_KEY") == true, 401:
            return (.auth, "check the key in GEMINI_API_KEY or --key-file, or for Vertex AI the credentials")
        case 400 where error.status == "FAILED_PRECONDITION":
            return error.message.contains("ACTIVE state")
                ? (.media, "the file is not ready yet; retry the item later")
                : (.auth, "the account cannot use the API as it is (billing or region)")
        case 403:
            return error.isAboutFile
                ? (.media, "the file belongs to another project or has expired")
                : (.auth, "the key or the account has no right to use this API or model")
        case 404:
            return error.isAboutFile
                ? (.media, "uploaded files live 48 hours")
                : (.notFound, "check the model's name and whether it has been retired")
        case 413:
            return (.invalidRequest, "the request is too large; upload its media and name them by URI")
        case 408, 409, 499:
            return (.server, nil)
        case 429:
            return quotaClass(of: error)
        case 503 where error.status == "RESOURCE_EXHAUSTED":
            return quotaClass(of: error)
        case 503:
            return (.overloaded, nil)
        case 500...599:
            return (.server, nil)
        case 300...399:
            return (.invalidRequest, "redirects are not followed; check the base URL")
        default:
            return (.invalidRequest, nil)
        }
    }

    private static func quotaClass(of error: APIError) -> (FailureClass, String?) {
        switch error.kind {
        case .notInPlan:
            return (
                .auth, "the project's plan does not include this model (its limit is 0); enable billing or change it"
            )
        case .quotaPerDay:
            return (.rateDay, "the daily quota is spent; it comes back at midnight Pacific time")
        case .creditExhausted:
            return (.auth, "the project's credit or monthly cap is used up; look at its billing page")
        case _ where error.retryDelay.map { $0 > longestMinuteDelay } == true:
            return (.rateDay, "the wait is too long to sit out; run the job again later")
        case .quotaPerMinute:
            return (.rateMinute, nil)
        default:
            return (.rateUnknown, nil)
        }
    }
}

extension APIError {
    /// Whether a 403 or 404 means a file of the prompt and not the model or the key.
    fileprivate var isAboutFile: Bool {
        let words = message.lowercased().split { !$0.isLetter }
        return message.contains("files/") || words.contains("file")
    }
}
