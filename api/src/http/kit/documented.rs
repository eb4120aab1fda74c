//! The refusals of each operation in the OpenAPI document: its statuses and their codes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::marker::PhantomData;

use axum::http::StatusCode;
use serde_json::Value;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use crate::http::kit::authentication;
use crate::http::kit::permission::{Needs, Permission};

/// A refusal's status and code.
pub(crate) type Code = (StatusCode, &'static str);

/// The refusals of every operation, by `admission` and `edge`.
const OF_EVERY_OPERATION: [Code; 6] = [
    (StatusCode::BAD_REQUEST, "header_repeated"),
    (StatusCode::FORBIDDEN, "cross_site"),
    (StatusCode::FORBIDDEN, "forwarded"),
    (StatusCode::FORBIDDEN, "https_required"),
    (StatusCode::MISDIRECTED_REQUEST, "host_unknown"),
    (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
];

/// Begins the last entry of the refusals with 403: the permission that the operation needs. The completed document says in
/// words who has it.
pub(in crate::http) const PERMISSION: &str = "x-permission";

/// A set of refusals.
pub(crate) trait CodeSet {
    fn codes() -> Vec<Code>;

    /// The permission that the operation needs.
    fn permission() -> Option<&'static str> {
        None
    }
}

/// A refusal with a status and a code.
pub(crate) trait Coded: CodeSet + Display {
    /// The status and the code.
    fn code(&self) -> Code;

    /// The reservations that it conflicts with, if any.
    fn conflicts(&self) -> Option<Vec<Value>> {
        None
    }
}

/// The refusals of every read; `P` is the permission that the read needs.
pub(crate) struct ReadErrors<P>(PhantomData<P>);

/// The refusals of every command; `P` is the permission that the command needs.
pub(crate) struct CommandErrors<P>(PhantomData<P>);

impl<P: Permission> CodeSet for ReadErrors<P> {
    fn codes() -> Vec<Code> {
        let mut codes = authentication::codes(P::NEEDS);
        codes.extend([
            (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
            (StatusCode::UNPROCESSABLE_ENTITY, "parameter_invalid"),
            (StatusCode::UNPROCESSABLE_ENTITY, "position_unknown"),
            (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
            (StatusCode::SERVICE_UNAVAILABLE, "database_unavailable"),
            (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
            (StatusCode::SERVICE_UNAVAILABLE, "projection_behind"),
            (StatusCode::SERVICE_UNAVAILABLE, "too_slow"),
            (StatusCode::SERVICE_UNAVAILABLE, "projection_stopped"),
        ]);
        codes
    }

    fn permission() -> Option<&'static str> {
        (P::NEEDS != Needs::Nothing).then_some(P::NAME)
    }
}

impl<P: Permission> CodeSet for CommandErrors<P> {
    fn codes() -> Vec<Code> {
        let mut codes = ReadErrors::<P>::codes();
        codes.extend([
            (StatusCode::BAD_REQUEST, "malformed_json"),
            (StatusCode::CONFLICT, "request_key_reused"),
            (StatusCode::CONFLICT, "stream_damaged"),
            (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
            (StatusCode::UNPROCESSABLE_ENTITY, "body_invalid"),
            (StatusCode::UNPROCESSABLE_ENTITY, "unreadable"),
        ]);
        codes.extend(
            ["shutting_down", "unsettled", "busy"].map(|code| (StatusCode::SERVICE_UNAVAILABLE, code)),
        );
        codes
    }

    fn permission() -> Option<&'static str> {
        ReadErrors::<P>::permission()
    }
}

impl<A: CodeSet, B: CodeSet> CodeSet for (A, B) {
    fn codes() -> Vec<Code> {
        [A::codes(), B::codes()].concat()
    }

    fn permission() -> Option<&'static str> {
        A::permission()
    }
}

impl<A: CodeSet, B: CodeSet, C: CodeSet> CodeSet for (A, B, C) {
    fn codes() -> Vec<Code> {
        [A::codes(), B::codes(), C::codes()].concat()
    }

    fn permission() -> Option<&'static str> {
        A::permission()
    }
}

impl<A: CodeSet, B: CodeSet, C: CodeSet, D: CodeSet> CodeSet for (A, B, C, D) {
    fn codes() -> Vec<Code> {
        [A::codes(), B::codes(), C::codes(), D::codes()].concat()
    }

    fn permission() -> Option<&'static str> {
        A::permission()
    }
}

impl<A: CodeSet, B: CodeSet, C: CodeSet, D: CodeSet, E: CodeSet> CodeSet for (A, B, C, D, E) {
    fn codes() -> Vec<Code> {
        [A::codes(), B::codes(), C::codes(), D::codes(), E::codes()].concat()
    }

    fn permission() -> Option<&'static str> {
        A::permission()
    }
}

/// The refusals of an operation as OpenAPI responses. The description of each response lists its codes.
pub(crate) struct Refusals<C>(PhantomData<C>);

impl<C: CodeSet> IntoResponses for Refusals<C> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut by_status = BTreeMap::<u16, Vec<&str>>::new();
        for (status, code) in C::codes().into_iter().chain(OF_EVERY_OPERATION) {
            let codes = by_status.entry(status.as_u16()).or_default();
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        let forbidden = StatusCode::FORBIDDEN.as_u16();
        let document = |(status, codes): (u16, Vec<&str>)| {
            let problem = Ref::from_schema_name(ProblemDocument::name());
            let content = ContentBuilder::new().schema(Some(problem)).build();
            let permission = C::permission().filter(|_| status == forbidden);
            let permission = permission.map(|name| ExtensionsBuilder::new().add(PERMISSION, name).build());
            let response = ResponseBuilder::new()
                .extensions(permission)
                .description(codes.join(", "))
                .content("application/json", content.clone())
                .content("application/problem+json", content);
            (status.to_string(), RefOr::T(response.build()))
        };
        by_status.into_iter().map(document).collect()
    }
}

/// The problem document of a refusal: RFC 9457 with extension members.
pub(crate) struct ProblemDocument;

impl PartialSchema for ProblemDocument {
    fn schema() -> RefOr<Schema> {
        let text =
            |description| ObjectBuilder::new().schema_type(Type::String).description(Some(description));
        let mut document = ObjectBuilder::new()
            .property("type", text("Always `about:blank`: the status is the problem type."))
            .property("title", text("The status phrase."))
            .property(
                "status",
                ObjectBuilder::new().schema_type(Type::Integer).description(Some("The HTTP status.")),
            )
            .property("detail", text("The cause of the refusal, and what the caller can do about it."))
            .property("code", text("The refusal's code, for programs."))
            .property("request_id", text("The id of the request in the server's log."));
        for name in ["type", "title", "status", "detail", "code", "request_id"] {
            document = document.required(name);
        }
        let conflicts = ArrayBuilder::new().items(ObjectBuilder::new()).max_items(Some(100)).description(
            Some("The reservations that a requested window overlaps, with their windows, 100 at most."),
        );
        document.property("conflicts", conflicts).into()
    }
}

impl ToSchema for ProblemDocument {
    fn name() -> Cow<'static, str> {
        "Problem".into()
    }
}
