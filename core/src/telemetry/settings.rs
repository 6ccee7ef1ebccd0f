//! `[otel]` of config.toml.

use std::collections::HashMap;

use opentelemetry_otlp::Protocol;
use serde::Deserialize;

/// `[otel]` asks for something that can't be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OtelError {
    /// A key or value is not understood.
    #[error("[otel]: {0}")]
    Invalid(String),
    /// An exporter is not built in.
    #[error("[otel] {key} = \"{exporter}\" is not supported; use `none` or `otlp-http`")]
    Unsupported {
        /// Key in the table.
        key: &'static str,
        /// Its value.
        exporter: String,
    },
    /// The exporter could not be made.
    #[error("[otel]: the exporter could not be started: {0}")]
    Exporter(String),
}

/// Where to export to.
#[derive(Clone, PartialEq)]
pub(super) struct Target {
    /// Used as it is.
    pub(super) endpoint: String,
    pub(super) protocol: Protocol,
    /// May hold credentials: never shown.
    pub(super) headers: HashMap<String, String>,
}

/// What `[otel]` asks for.
#[derive(Clone, PartialEq)]
pub(super) struct OtelSettings {
    pub(super) environment: String,
    pub(super) metrics: Option<Target>,
    pub(super) traces: Option<Target>,
}

#[derive(Deserialize)]
struct OtelToml {
    environment: Option<String>,
    exporter: Option<ExporterToml>,
    trace_exporter: Option<ExporterToml>,
    metrics_exporter: Option<ExporterToml>,
}

/// A name, or a table with one key.
#[derive(Deserialize)]
#[serde(untagged)]
enum ExporterToml {
    Name(String),
    Table(HashMap<String, TargetToml>),
}

#[derive(Deserialize)]
struct TargetToml {
    endpoint: String,
    #[serde(default)]
    protocol: ProtocolToml,
    #[serde(default)]
    headers: HashMap<String, String>,
    tls: Option<toml::Table>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ProtocolToml {
    #[default]
    Binary,
    Json,
}

impl OtelSettings {
    /// Reads the table. What is not there is off.
    pub(super) fn read(table: &toml::Table) -> Result<Self, OtelError> {
        let toml: OtelToml = table
            .clone()
            .try_into()
            .map_err(|e: toml::de::Error| OtelError::Invalid(crate::config::without_values(e.message())))?;
        if target("exporter", toml.exporter)?.is_some() {
            return Err(OtelError::Unsupported {
                key: "exporter",
                exporter: "otlp-http".to_owned(),
            });
        }
        Ok(Self {
            environment: toml.environment.unwrap_or_else(|| "dev".to_owned()),
            metrics: target("metrics_exporter", toml.metrics_exporter)?,
            traces: target("trace_exporter", toml.trace_exporter)?,
        })
    }
}

fn target(key: &'static str, exporter: Option<ExporterToml>) -> Result<Option<Target>, OtelError> {
    let (name, target) = match exporter {
        None => return Ok(None),
        // The vendor's own collection: nothing is sent to anybody whom the user did not name.
        Some(ExporterToml::Name(name)) if name == "none" || name == "statsig" => return Ok(None),
        Some(ExporterToml::Name(name)) => (name, None),
        Some(ExporterToml::Table(table)) => match table.into_iter().next() {
            None => return Ok(None),
            Some((name, target)) => (name, Some(target)),
        },
    };
    match (name.as_str(), target) {
        ("otlp-http", Some(target)) => {
            if target.tls.is_some() {
                let text =
                    format!("{key}.tls is not supported; set CODEX_CA_CERTIFICATE to the CA's file instead");
                return Err(OtelError::Invalid(text));
            }
            Ok(Some(Target {
                endpoint: target.endpoint,
                protocol: match target.protocol {
                    ProtocolToml::Binary => Protocol::HttpBinary,
                    ProtocolToml::Json => Protocol::HttpJson,
                },
                headers: target.headers,
            }))
        }
        _ => Err(OtelError::Unsupported { key, exporter: name }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_in_the_table_of_keys() {
        use crate::config::keys::recorder::{assert_in_table, of};
        assert_in_table(&[("otel", of::<OtelToml>)], |path| path.starts_with("otel."));
    }

    fn read(text: &str) -> Result<OtelSettings, OtelError> {
        OtelSettings::read(&text.parse().unwrap())
    }

    fn is_off(text: &str) -> bool {
        read(text).is_ok_and(|s| s.metrics.is_none() && s.traces.is_none())
    }

    #[test]
    fn everything_is_off_unless_an_endpoint_is_named() {
        assert!(is_off(""));
        assert!(is_off(
            "log_user_prompt = true\nmetrics_exporter = 'statsig'\nexporter = 'none'"
        ));
    }

    #[test]
    fn an_endpoint_is_taken_with_its_headers() {
        let text = "environment = 'prod'\n[metrics_exporter.otlp-http]\nendpoint = 'http://h/x'\nprotocol = 'json'\n\
                    headers = { a = 'b' }";
        let settings = read(text).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(settings.environment, "prod");
        let metrics = settings.metrics.unwrap();
        assert_eq!(metrics.endpoint, "http://h/x");
        assert_eq!(metrics.protocol, Protocol::HttpJson);
        assert_eq!(metrics.headers["a"], "b");
    }

    #[test]
    fn what_is_not_built_in_is_named() {
        let grpc = "[trace_exporter.otlp-grpc]\nendpoint = 'http://h'";
        assert!(matches!(
            read(grpc),
            Err(OtelError::Unsupported {
                key: "trace_exporter",
                ..
            })
        ));
        let logs = "[exporter.otlp-http]\nendpoint = 'http://h'";
        assert!(matches!(
            read(logs),
            Err(OtelError::Unsupported { key: "exporter", .. })
        ));
    }
}
