//! What a method is: the traits, and the macro that declares a family's methods. [`crate::methods`] has the table.

use std::borrow::Cow;

#[cfg(feature = "generate")]
use schemars::{Schema, SchemaGenerator};

pub use crate::params::{NoParams, Payload, decode_params};
pub use crate::scope::{Scope, ScopeKey};

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

/// A type of the contract, as the schema sees it.
#[derive(Clone, Copy)]
pub struct TypeInfo {
    /// Its name in the schema.
    pub name: fn() -> Cow<'static, str>,
    /// Registers it and gives a reference to it.
    #[cfg(feature = "generate")]
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
    /// Reads a value and writes it again.
    #[cfg(test)]
    pub(crate) round_trip: fn(serde_json::Value) -> serde_json::Result<serde_json::Value>,
}

impl TypeInfo {
    /// The description of `T`.
    pub const fn of<T: Payload>() -> Self {
        Self {
            name: T::schema_name,
            #[cfg(feature = "generate")]
            schema: SchemaGenerator::subschema_for::<T>,
            #[cfg(test)]
            round_trip: |value| serde_json::to_value(serde_json::from_value::<T>(value)?),
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

/// Declares the methods of a family, one line each: who sends it, marker type, name, parameters, response, whether it
/// is `stable` or `experimental`, for client requests what it waits for ([`Scope`]), and a summary.
///
/// ```text
/// methods! {
///     client ThreadStart "thread/start" (ThreadStartParams) -> ThreadStartResponse, stable, "Starts a thread.";
///     client ThreadRead "thread/read" (ThreadReadParams) -> ThreadReadResponse, stable, in Thread, "Reads a thread.";
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
