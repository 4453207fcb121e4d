//! YAML as it was written: a tree of values, each with the line in which it starts.

mod kubectl;
mod node;
mod parse;
mod positions;
mod reader;
mod scalar;
mod weight;
mod write;

pub(crate) use node::{MapEntry, Node, NodeContent};
pub(crate) use parse::{ReadError, parse, parse_all, parse_first, refuse_heavy};
pub(crate) use reader::{DocumentReader, Fields, Syntax};
pub(crate) use write::to_string;
