//! The option for the operation of a request.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::kubernetes::Operation;

/// Parses the name of an operation that a request can have: any except `*`.
pub(crate) fn operation_of_request() -> impl TypedValueParser<Value = Operation> {
    let operations = Operation::EVERY.into_iter().filter(|operation| *operation != Operation::All);
    PossibleValuesParser::new(operations.map(Operation::as_str))
        .map(|name| name.parse().expect("one of the possible values"))
}
