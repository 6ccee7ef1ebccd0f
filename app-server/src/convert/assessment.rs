//! Verdicts on approvals.

use codex_app_server_protocol as wire;
use codex_core::{Assessment, AssessmentOutcome, RiskLevel, UserAuthorization};

/// Towards the client.
pub(crate) fn to_wire(assessment: Assessment) -> wire::ThreadGuardianAssessment {
    wire::ThreadGuardianAssessment {
        outcome: match assessment.outcome {
            AssessmentOutcome::Allow => wire::GuardianAssessmentOutcome::Allow,
            AssessmentOutcome::Deny => wire::GuardianAssessmentOutcome::Deny,
        },
        risk_level: risk_to_wire(assessment.risk_level),
        user_authorization: authorization_to_wire(assessment.user_authorization),
        rationale: assessment.rationale,
    }
}

/// Towards the client.
pub(crate) fn risk_to_wire(risk: RiskLevel) -> wire::GuardianRiskLevel {
    match risk {
        RiskLevel::Low => wire::GuardianRiskLevel::Low,
        RiskLevel::Medium => wire::GuardianRiskLevel::Medium,
        RiskLevel::High => wire::GuardianRiskLevel::High,
        RiskLevel::Critical => wire::GuardianRiskLevel::Critical,
    }
}

/// Towards the client.
pub(crate) fn authorization_to_wire(authorization: UserAuthorization) -> wire::GuardianUserAuthorization {
    match authorization {
        UserAuthorization::Unknown => wire::GuardianUserAuthorization::Unknown,
        UserAuthorization::Low => wire::GuardianUserAuthorization::Low,
        UserAuthorization::Medium => wire::GuardianUserAuthorization::Medium,
        UserAuthorization::High => wire::GuardianUserAuthorization::High,
    }
}
