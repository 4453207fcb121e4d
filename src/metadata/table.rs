//! The table `[package.metadata.kubewarden]` of a `Cargo.toml`, as a tree with lines.

use serde_json::Number;
use toml_edit::{Item, Table, TableLike, Value};

use crate::yaml::{MapEntry, Node, NodeContent};

/// Where the metadata is in `Cargo.toml`.
const TABLE: [&str; 3] = ["package", "metadata", "kubewarden"];

/// Reads the table in the content of a `Cargo.toml`. Empty if there is none.
pub(super) fn read(text: &str) -> Result<Node, toml_edit::TomlError> {
    let document: toml_edit::Document<String> = text.parse()?;
    let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    let lines = LineEnds(ends.map(|(offset, _)| offset).collect());
    let table = TABLE.iter().try_fold(document.as_item(), |item, key| item.get(key));
    Ok(table.map_or(Node::new(1, NodeContent::Map(Vec::new())), |item| lines.item(item, 1)))
}

struct LineEnds(Vec<usize>);

impl LineEnds {
    fn line(&self, span: Option<std::ops::Range<usize>>, around: usize) -> usize {
        span.map_or(around, |span| self.0.partition_point(|end| *end < span.start) + 1)
    }

    /// Converts an item to a node. `around` is the line of what contains the item.
    fn item(&self, item: &Item, around: usize) -> Node {
        match item {
            Item::None => Node::new(around, NodeContent::Null),
            Item::Value(value) => self.value(value, around),
            Item::Table(table) => self.table(table, self.line(table.span(), around)),
            Item::ArrayOfTables(tables) => {
                let table = |table: &Table| self.table(table, self.line(table.span(), around));
                let line = self.line(tables.span(), around);
                Node::new(line, NodeContent::List(tables.iter().map(table).collect()))
            }
        }
    }

    fn table(&self, table: &dyn TableLike, line: usize) -> Node {
        let entry = |(key, item): (&str, &Item)| {
            let line = self.line(table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span()), line);
            MapEntry::new(line, key.to_owned(), self.item(item, line))
        };
        Node::new(line, NodeContent::Map(table.iter().map(entry).collect()))
    }

    fn value(&self, value: &Value, around: usize) -> Node {
        let line = self.line(value.span(), around);
        let content = match value {
            Value::String(text) => NodeContent::Text(text.value().clone()),
            Value::Integer(number) => NodeContent::Number((*number.value()).into()),
            Value::Float(number) => {
                Number::from_f64(*number.value()).map_or(NodeContent::Null, NodeContent::Number)
            }
            Value::Boolean(value) => NodeContent::Bool(*value.value()),
            Value::Datetime(time) => NodeContent::Text(time.value().to_string()),
            Value::Array(items) => {
                NodeContent::List(items.iter().map(|item| self.value(item, line)).collect())
            }
            Value::InlineTable(table) => return self.table(table, line),
        };
        Node::new(line, content)
    }
}
