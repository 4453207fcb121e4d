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
        handlebars.register_helper("toml", Box::new(toml));
        handlebars.register_helper("json", Box::new(json));
        handlebars.register_helper("yaml", Box::new(yaml));
        handlebars.register_helper("word", Box::new(word));
        Self { handlebars, context }
    }

    /// `name` is for error messages.
    pub(super) fn render(&self, name: &str, template: &str) -> Result<String> {
        self.handlebars
            .render_template(template, &self.context)
            .with_context(|| format!("could not render `{name}`"))
    }
}

/// A value as TOML: text in quotes, lists in one line.
fn toml(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    out.write(&to_toml(argument(helper, "toml")?).to_string())?;
    Ok(())
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
fn yaml(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let line = match argument(helper, "yaml")? {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(Value::to_string).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    };
    out.write(&line)?;
    Ok(())
}

/// A string in YAML: without quotes, unless YAML would read something else, as for `True`.
fn word(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let line = crate::yaml::to_string(argument(helper, "word")?)
        .map_err(|error| RenderErrorReason::NestedError(Box::new(error)))?;
    out.write(line.trim_end())?;
    Ok(())
}

/// A value as JSON, indented by two.
fn json(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    out.write(&serde_json::to_string_pretty(argument(helper, "json")?).map_err(RenderErrorReason::from)?)?;
    Ok(())
}

fn argument<'a>(helper: &'a Helper<'_>, name: &str) -> Result<&'a Value, RenderErrorReason> {
    let argument = helper.param(0).filter(|argument| !argument.is_value_missing());
    Ok(argument.ok_or_else(|| RenderErrorReason::ParamNotFoundForName("value", name.to_owned()))?.value())
}
