//! Events beside the answer itself: what a server says about it, about the model and about times
//! (docs/contract/model-http.md#stream-events).

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{ResponseEvent, lenient};
use crate::telemetry;

/// What a `response.metadata` event says.
pub(super) fn metadata(metadata: &RawValue) -> impl Iterator<Item = ResponseEvent> {
    let mut metadata = lenient::object(metadata.get().as_bytes()).unwrap_or_default();
    let verifications = verifications(metadata.get("openai_verification_recommendation"));
    let verification = (!verifications.is_empty()).then_some(ResponseEvent::Verification(verifications));
    let moderation = metadata
        .remove("openai_chatgpt_moderation_metadata")
        .map(ResponseEvent::Moderation);
    verification.into_iter().chain(moderation)
}

/// The known recommendations, under their names towards clients.
fn verifications(list: Option<&Value>) -> Vec<String> {
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|name| name.as_str() == Some("trusted_access_for_cyber"))
        .map(|_| "trustedAccessForCyber".to_owned())
        .collect()
}

/// What `safety_buffering`, which may ride on any event, says. Null says nothing.
pub(super) fn safety_buffering(told: &RawValue, faster_model: Option<&str>) -> Option<ResponseEvent> {
    let told = lenient::object(told.get().as_bytes())?;
    let texts = |name: &str| {
        let list = told.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Some(ResponseEvent::SafetyBuffering {
        use_cases: texts("use_cases"),
        reasons: texts("reasons"),
        faster_model: told
            .get("retry_model")
            .and_then(Value::as_str)
            .or(faster_model)
            .map(str::to_owned),
    })
}

/// A header in a JSON object of headers. Names are compared without regard to case; a list gives its first value.
pub(super) fn header_in(headers: &RawValue, name: &str) -> Option<String> {
    let headers = lenient::object(headers.get().as_bytes())?;
    let value = headers.iter().find(|(k, _)| k.eq_ignore_ascii_case(name))?.1;
    let text = match value {
        Value::Array(values) => values.first()?.as_str()?,
        other => other.as_str()?,
    };
    Some(text.to_owned())
}

/// The model that a `response` object's headers name.
pub(super) fn server_model(response: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Response<'a> {
        #[serde(borrow)]
        headers: Option<&'a RawValue>,
    }
    let response: Response<'_> = serde_json::from_str(response.get()).ok()?;
    header_in(response.headers?, "openai-model")
}

/// Times that the server measured.
pub(super) fn timing(event: &[u8]) {
    const METRICS: [(&str, &str); 6] = [
        (
            "responses_duration_excl_engine_and_client_tool_time_ms",
            "codex.responses_api_overhead.duration_ms",
        ),
        (
            "engine_service_total_ms",
            "codex.responses_api_inference_time.duration_ms",
        ),
        (
            "engine_iapi_ttft_ms",
            "codex.responses_api_engine_iapi_ttft.duration_ms",
        ),
        (
            "engine_service_ttft_ms",
            "codex.responses_api_engine_service_ttft.duration_ms",
        ),
        (
            "engine_iapi_tbt_ms",
            "codex.responses_api_engine_iapi_tbt.duration_ms",
        ),
        (
            "engine_service_tbt_ms",
            "codex.responses_api_engine_service_tbt.duration_ms",
        ),
    ];
    #[derive(Deserialize)]
    struct Timing {
        timing_metrics: serde_json::Map<String, Value>,
    }
    if !telemetry::metrics_on() {
        return;
    }
    if let Ok(timing) = serde_json::from_slice::<Timing>(event) {
        for (key, name) in METRICS {
            if let Some(ms) = timing.timing_metrics.get(key).and_then(Value::as_f64) {
                telemetry::record(name, ms, &[]);
            }
        }
    }
}
