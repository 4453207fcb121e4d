//! Rendering: a stored file and a context to the bytes of a file.

use anyhow::{Context as _, Result};
use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderErrorReason};
use serde_json::Value;

/// Renders the files of templates. A variable that does not exist is an error; nothing is escaped.
pub(super) struct Renderer {
    handlebars: Handlebars<'static>,
    context: Value,
}

impl Renderer {
    pub(super) fn new(context: Value) -> Self {
        let mut handlebars = Handlebars::new();
        handlebars.set_strict_mode(true);
        handlebars.register_escape_fn(handlebars::no_escape);
        register(&mut handlebars, "toml", toml);
        register(&mut handlebars, "json", json);
        register(&mut handlebars, "yaml", yaml);
        register(&mut handlebars, "word", word);
        Self { handlebars, context }
    }

    /// `name` is for error messages.
    pub(super) fn render(&self, name: &str, template: &str) -> Result<String> {
        self.handlebars
            .render_template(template, &self.context)
            .with_context(|| format!("could not render `{name}`"))
    }
}

type Rendering = Result<String, RenderErrorReason>;

/// Registers a helper that writes its only argument in the form that `render` returns.
fn register(handlebars: &mut Handlebars<'_>, name: &'static str, render: fn(&Value) -> Rendering) {
    let helper = move |helper: &Helper<'_>,
                       _: &Handlebars<'_>,
                       _: &Context,
                       _: &mut RenderContext<'_, '_>,
                       out: &mut dyn Output|
          -> HelperResult {
        let value = helper.param(0).filter(|argument| !argument.is_value_missing());
        let value = value.ok_or_else(|| RenderErrorReason::ParamNotFoundForName("value", name.to_owned()))?;
        out.write(&render(value.value())?)?;
        Ok(())
    };
    handlebars.register_helper(name, Box::new(helper));
}

/// A value as TOML: text in quotes, lists in one line.
fn toml(value: &Value) -> Rendering {
    Ok(to_toml(value).to_string())
}

fn to_toml(value: &Value) -> toml_edit::Value {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Array(items) => items.iter().map(to_toml).collect::<toml_edit::Array>().into(),
        Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}

/// A value as YAML in one line. What JSON has in quotes is quoted in YAML too.
fn yaml(value: &Value) -> Rendering {
    Ok(match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(Value::to_string).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    })
}

/// A string in YAML: without quotes, unless YAML would read something else, as for `True`.
fn word(value: &Value) -> Rendering {
    let line = crate::yaml::to_string(value);
    let line = line.map_err(|error| RenderErrorReason::NestedError(Box::new(error)))?;
    Ok(line.trim_end().to_owned())
}

/// A value as JSON, indented by two.
fn json(value: &Value) -> Rendering {
    serde_json::to_string_pretty(value).map_err(RenderErrorReason::from)
}
