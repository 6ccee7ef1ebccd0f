//! What a method is: the traits, the table of all methods, and the order in which requests may run.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;

use crate::error::{ErrorObject, INVALID_PARAMS};

/// What `params` and `result` have in common.
pub trait Payload: DeserializeOwned + Serialize + JsonSchema + Send + 'static {}
impl<T: DeserializeOwned + Serialize + JsonSchema + Send + 'static> Payload for T {}

/// A method that is answered, asked by the client or by the server.
pub trait Request: Send + Sync + 'static {
    /// Its name on the wire.
    const METHOD: &'static str;
    /// What goes in.
    type Params: Payload;
    /// What comes out.
    type Response: Payload;
}

/// A method that is not answered.
pub trait Notification: Send + Sync + 'static {
    /// Its name on the wire.
    const METHOD: &'static str;
    /// What it tells.
    type Params: Payload;
}

/// Who sends a method, and whether it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The client asks, the server answers.
    ClientRequest,
    /// The client tells.
    ClientNotification,
    /// The server asks, the client answers.
    ServerRequest,
    /// The server tells.
    ServerNotification,
}

/// Which requests wait for each other. Requests with the same key run one after the other, in the order in which they
/// were read; all others may overlap (threads-and-turns §1.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Waits for nobody.
    None,
    /// Those of the same `threadId`.
    Thread,
    /// Those of the same `threadId`; where that is empty, those of the same `path`.
    ThreadOrPath,
    /// Those of the same name.
    Global(&'static str),
    /// Those of the same name, but readers may overlap each other.
    GlobalRead(&'static str),
    /// Those of the same connection with the same value of this parameter.
    Handle(&'static str),
}

/// What a request waits for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ScopeKey<'a> {
    /// A thread, by id.
    Thread(Cow<'a, str>),
    /// A thread, by the path of its file.
    Path(Cow<'a, str>),
    /// A service that only one may change at a time.
    Global(&'static str),
    /// The same service, for reading.
    GlobalRead(&'static str),
    /// Something that the connection has named; names of other connections are other things.
    Handle(Cow<'a, str>),
}

impl Scope {
    /// Reads the key from parameters without looking at the rest of them. `None` when there is nothing to wait for,
    /// also when the parameters are not what the method expects (it will refuse them soon enough).
    pub fn key<'a>(&self, params: Option<&'a RawValue>) -> Option<ScopeKey<'a>> {
        let text = |field| params.and_then(|params| text_member(params, field));
        match *self {
            Self::None => None,
            Self::Thread => text("threadId").map(ScopeKey::Thread),
            Self::ThreadOrPath => match text("threadId") {
                Some(id) if !id.is_empty() => Some(ScopeKey::Thread(id)),
                _ => text("path").map(ScopeKey::Path),
            },
            Self::Global(name) => Some(ScopeKey::Global(name)),
            Self::GlobalRead(name) => Some(ScopeKey::GlobalRead(name)),
            Self::Handle(field) => text(field).map(ScopeKey::Handle),
        }
    }
}

/// A type of the contract, as the schema sees it.
#[derive(Clone, Copy)]
pub struct TypeInfo {
    /// Its name in the schema.
    pub name: fn() -> Cow<'static, str>,
    /// Registers it and gives a reference to it.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl TypeInfo {
    /// The description of `T`.
    pub const fn of<T: JsonSchema>() -> Self {
        Self {
            name: T::schema_name,
            schema: SchemaGenerator::subschema_for::<T>,
        }
    }
}

impl std::fmt::Debug for TypeInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&(self.name)())
    }
}

/// One line of the method table.
#[derive(Debug, Clone, Copy)]
pub struct MethodInfo {
    /// Name on the wire.
    pub method: &'static str,
    /// Who sends it.
    pub direction: Direction,
    /// Only for clients that asked for `experimentalApi`; left out of the stable schema.
    pub experimental: bool,
    /// Which requests it waits for.
    pub scope: Scope,
    /// One line for documents.
    pub summary: &'static str,
    /// What goes in; `None` for methods without parameters.
    pub params: Option<TypeInfo>,
    /// What comes out; `None` for notifications.
    pub response: Option<TypeInfo>,
}

/// Every method that works, family by family.
pub static METHODS: [MethodInfo; COUNT] = join(FAMILIES);

/// The tables of the families. A new family adds its line here.
const FAMILIES: &[&[MethodInfo]] = &[
    crate::initialize::METHODS,
    crate::thread::METHODS,
    crate::turn::METHODS,
    crate::item::METHODS,
    crate::approval::METHODS,
    crate::thread_lifecycle::METHODS,
    crate::thread_list::METHODS,
    crate::thread_read::METHODS,
    crate::thread_timeline::METHODS,
    crate::thread_metadata::METHODS,
    crate::thread_goal::METHODS,
    crate::thread_section::METHODS,
    crate::thread_attachment::METHODS,
    crate::account::METHODS,
    crate::account_limits::METHODS,
    crate::account_usage::METHODS,
    crate::model::METHODS,
    crate::feature::METHODS,
    crate::turn_progress::METHODS,
    crate::file_change::METHODS,
    crate::item_progress::METHODS,
    crate::notice::METHODS,
];

const COUNT: usize = {
    let (mut family, mut count) = (0, 0);
    while family < FAMILIES.len() {
        count += FAMILIES[family].len();
        family += 1;
    }
    count
};

const fn join<const N: usize>(families: &[&[MethodInfo]]) -> [MethodInfo; N] {
    const BLANK: MethodInfo = MethodInfo {
        method: "",
        direction: Direction::ClientNotification,
        experimental: false,
        scope: Scope::None,
        summary: "",
        params: None,
        response: None,
    };
    let mut all = [BLANK; N];
    let (mut family, mut next) = (0, 0);
    while family < families.len() {
        let mut row = 0;
        while row < families[family].len() {
            all[next] = families[family][row];
            next += 1;
            row += 1;
        }
        family += 1;
    }
    all
}

/// The table line of a method.
pub fn find(method: &str) -> Option<&'static MethodInfo> {
    static INDEX: OnceLock<HashMap<&'static str, &'static MethodInfo>> = OnceLock::new();
    INDEX
        .get_or_init(|| METHODS.iter().map(|info| (info.method, info)).collect())
        .get(method)
        .copied()
}

/// Declares the methods of a family, one line each: who sends it, marker type, name, parameters, response, whether it
/// is `stable` or `experimental`, for client requests what it waits for ([`Scope`]), and a summary.
///
/// ```text
/// methods! {
///     client ThreadStart "thread/start" (ThreadStartParams) -> ThreadStartResponse, stable, in Scope::None, "Starts a thread.";
///     server ItemToolCall "item/tool/call" (DynamicToolCallParams) -> DynamicToolCallResponse, stable, "Asks …";
///     notify ThreadStarted "thread/started" (ThreadStartedNotification), stable, "A thread exists.";
///     tell Initialized "initialized" (), stable, "The client is ready.";
/// }
/// ```
macro_rules! methods {
    ($($kind:ident $marker:ident $method:literal ($($params:ty)?) $(-> $response:ty)?, $stability:ident,
        $(in $scope:ident $(($key:literal))?,)? $summary:literal;)*) => {
        $(
            #[doc = concat!("`", $method, "`: ", $summary)]
            #[derive(Debug, Clone, Copy)]
            pub struct $marker;
            $crate::rpc::methods!(@impl $kind $marker $method ($($params)?) $(-> $response)?);
        )*

        /// The methods of this family.
        pub(crate) const METHODS: &[$crate::rpc::MethodInfo] = &[$($crate::rpc::MethodInfo {
            method: $method,
            direction: $crate::rpc::methods!(@direction $kind),
            experimental: $crate::rpc::methods!(@experimental $stability),
            scope: $crate::rpc::methods!(@scope $($scope $(($key))?)?),
            summary: $summary,
            params: $crate::rpc::methods!(@type $($params)?),
            response: $crate::rpc::methods!(@type $($response)?),
        }),*];
    };
    (@impl client $marker:ident $method:literal ($($params:ty)?) -> $response:ty) => {
        $crate::rpc::methods!(@request $marker $method ($($params)?) -> $response);
    };
    (@impl server $marker:ident $method:literal ($($params:ty)?) -> $response:ty) => {
        $crate::rpc::methods!(@request $marker $method ($($params)?) -> $response);
    };
    (@impl notify $marker:ident $method:literal ($($params:ty)?)) => {
        $crate::rpc::methods!(@notification $marker $method ($($params)?));
    };
    (@impl tell $marker:ident $method:literal ($($params:ty)?)) => {
        $crate::rpc::methods!(@notification $marker $method ($($params)?));
    };
    (@request $marker:ident $method:literal ($($params:ty)?) -> $response:ty) => {
        impl $crate::rpc::Request for $marker {
            const METHOD: &'static str = $method;
            type Params = $crate::rpc::methods!(@params $($params)?);
            type Response = $response;
        }
    };
    (@notification $marker:ident $method:literal ($($params:ty)?)) => {
        impl $crate::rpc::Notification for $marker {
            const METHOD: &'static str = $method;
            type Params = $crate::rpc::methods!(@params $($params)?);
        }
    };
    (@params) => { $crate::rpc::NoParams };
    (@params $params:ty) => { $params };
    (@type) => { None };
    (@type $type:ty) => { Some($crate::rpc::TypeInfo::of::<$type>()) };
    (@scope) => { $crate::rpc::Scope::None };
    (@scope $scope:ident $(($key:literal))?) => { $crate::rpc::Scope::$scope $(($key))? };
    (@experimental stable) => { false };
    (@experimental experimental) => { true };
    (@direction client) => { $crate::rpc::Direction::ClientRequest };
    (@direction server) => { $crate::rpc::Direction::ServerRequest };
    (@direction notify) => { $crate::rpc::Direction::ServerNotification };
    (@direction tell) => { $crate::rpc::Direction::ClientNotification };
}
pub(crate) use methods;

/// Parameters of a method that takes none. Whatever is sent is accepted and ignored; `{}` is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NoParams {}

impl<'de> Deserialize<'de> for NoParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        de::IgnoredAny::deserialize(deserializer).map(|_| Self {})
    }
}

/// Reads the parameters of a request or notification. Absent ones count as `{}`, so that methods whose parameters are
/// all optional can be called without. The error says which parameter is wrong, and how.
pub fn decode_params<P: Payload>(params: Option<&RawValue>) -> Result<P, ErrorObject> {
    let text = params.map_or("{}", RawValue::get);
    serde_json::from_str(text).map_err(|_| explain::<P>(text))
}

/// Reads once more, slower, keeping track of where we are.
fn explain<P: Payload>(text: &str) -> ErrorObject {
    let mut json = serde_json::Deserializer::from_str(text);
    let message = match serde_path_to_error::deserialize::<_, P>(&mut json) {
        Ok(_) => "the parameters are not valid JSON".to_owned(),
        Err(e) => {
            let path = e.path().to_string();
            let reason = e.into_inner().to_string();
            // The position counts from the start of the parameters, which the client cannot see.
            let reason = reason.rsplit_once(" at line ").map_or(&*reason, |(head, _)| head);
            if path == "."
                || reason.starts_with("missing field") && !path.contains('.') && !path.contains('[')
            {
                reason.to_owned()
            } else {
                format!("{path}: {reason}")
            }
        }
    };
    ErrorObject::new(INVALID_PARAMS, format!("Invalid params: {message}"))
}

/// The value of one member of an object, if it is a string.
fn text_member<'a>(object: &'a RawValue, name: &'static str) -> Option<Cow<'a, str>> {
    struct Members(&'static str);
    impl<'de> de::Visitor<'de> for Members {
        type Value = Option<Cow<'de, str>>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(matches) = map.next_key_seed(Is(self.0))? {
                if matches {
                    found = map.next_value::<MaybeText<'de>>()?.0;
                } else {
                    map.next_value::<de::IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }

    /// Whether a key is the one that we look for.
    struct Is(&'static str);
    impl<'de> de::DeserializeSeed<'de> for Is {
        type Value = bool;
        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
            deserializer.deserialize_identifier(self)
        }
    }
    impl de::Visitor<'_> for Is {
        type Value = bool;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a member name")
        }
        fn visit_str<E>(self, name: &str) -> Result<bool, E> {
            Ok(name == self.0)
        }
    }

    serde_json::Deserializer::from_str(object.get())
        .deserialize_map(Members(name))
        .ok()
        .flatten()
}

/// A string, borrowed where it has no escapes; anything else is read and forgotten.
struct MaybeText<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for MaybeText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?;
        if let Some(plain) = raw
            .get()
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .filter(|text| !text.contains('\\'))
        {
            return Ok(Self(Some(Cow::Borrowed(plain))));
        }
        Ok(Self(serde_json::from_str(raw.get()).ok().map(Cow::Owned)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ThreadStartParams, TurnStartParams};

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn no_method_is_declared_twice() {
        let mut names: Vec<_> = METHODS.iter().map(|info| info.method).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
        assert_eq!(find("thread/start").unwrap().scope, Scope::None);
        assert!(find("thread/nonsense").is_none());
    }

    #[test]
    fn the_key_is_read_from_the_parameters() {
        let params = raw(r#"{"input":[{"threadId":"no"}],"threadId":"t1","path":"/p"}"#);
        let key = |scope: Scope| scope.key(Some(&params));
        assert_eq!(key(Scope::Thread), Some(ScopeKey::Thread("t1".into())));
        assert_eq!(key(Scope::ThreadOrPath), Some(ScopeKey::Thread("t1".into())));
        assert_eq!(key(Scope::Global("config")), Some(ScopeKey::Global("config")));
        assert_eq!(key(Scope::Handle("watchId")), None);
        assert_eq!(key(Scope::None), None);
        let params = raw(r#"{"threadId":"","path":"/p\u0071"}"#);
        assert_eq!(
            Scope::ThreadOrPath.key(Some(&params)),
            Some(ScopeKey::Path("/pq".into()))
        );
        for bad in [r#"{"threadId":5}"#, r#"{"threadId":null}"#, "[]", "3"] {
            assert_eq!(Scope::Thread.key(Some(&raw(bad))), None, "{bad}");
        }
        assert_eq!(Scope::Thread.key(None), None);
    }

    fn refusal<P: Payload>(text: &str) -> String {
        decode_params::<P>(Some(&raw(text))).err().unwrap().message
    }

    #[test]
    fn a_refusal_names_the_parameter() {
        for (text, expected) in [
            ("{}", "Invalid params: missing field `threadId`"),
            (
                r#"{"threadId":5,"input":[]}"#,
                "Invalid params: threadId: invalid type: integer `5`, expected a string",
            ),
            (
                r#"{"threadId":"t","input":[],"runtimeWorkspaceRoots":["/a","b"]}"#,
                "Invalid params: runtimeWorkspaceRoots[1]: expected an absolute path, got the relative path `b`",
            ),
        ] {
            assert_eq!(refusal::<TurnStartParams>(text), expected);
        }
        let wrong = refusal::<ThreadStartParams>(r#"{"personality":"rude"}"#);
        assert!(
            wrong.contains("personality: unknown variant `rude`, expected one of `none`, `friendly`"),
            "{wrong}"
        );
    }

    #[test]
    fn absent_parameters_do_where_all_are_optional() {
        assert_eq!(
            decode_params::<ThreadStartParams>(None).unwrap(),
            ThreadStartParams::default()
        );
        assert!(decode_params::<TurnStartParams>(None).is_err());
        assert_eq!(decode_params::<NoParams>(Some(&raw("[1]"))).unwrap(), NoParams {});
    }
}
