//! The prompt for resources: a list of the most common ones, a search, and a line for others.

use anyhow::Result;

use super::typed;
use super::widgets::Widgets;
use crate::kubernetes::{self, Resource};
use crate::template::{ALL_WORKLOADS, Choice, Prompt};

const SEARCH: &str = "search...";
const BY_HAND: &str = "another...";

/// The entries, and which of them are marked.
pub(super) struct ResourceList {
    entries: Vec<(Choice, bool)>,
}

impl ResourceList {
    /// The list with these resources marked.
    pub(super) fn of(marked: &[String]) -> Self {
        let mut choices: Vec<_> =
            kubernetes::COMMON.iter().map(|resource| Choice::new(resource, "")).collect();
        choices.insert(1, Choice::new(ALL_WORKLOADS, "pods, and all that create them"));
        choices.push(Choice::new("*", "every resource"));
        let mut list = Self { entries: choices.into_iter().map(|choice| (choice, false)).collect() };
        for typed in marked {
            list.mark(typed);
        }
        list
    }

    /// Asks until the marked resources are a valid answer. `None` if the person wants to go back.
    pub(super) fn ask(mut self, widgets: &Widgets, prompt: &Prompt<'_>) -> Result<Option<Vec<String>>> {
        let mut objection = None;
        loop {
            let Some((searches, types)) = self.ask_once(widgets, prompt, objection.take())? else {
                return Ok(None);
            };
            if searches {
                self.search(widgets)?;
            }
            if types {
                self.type_others(widgets, prompt)?;
            }
            if searches || types {
                continue;
            }
            let values = self.marked();
            match prompt.check(&values) {
                Ok(()) => return Ok(Some(values)),
                Err(error) => objection = Some(error.at_prompt()),
            }
        }
    }

    /// Asks once and keeps the marks. Returns whether the person wants to search, and whether to type.
    fn ask_once(
        &mut self,
        widgets: &Widgets,
        prompt: &Prompt<'_>,
        objection: Option<String>,
    ) -> Result<Option<(bool, bool)>> {
        let (mut choices, mut marked): (Vec<_>, Vec<_>) = self.entries.iter().cloned().unzip();
        choices.push(Choice::new(SEARCH, "Space and Enter: all built-in resources"));
        choices.push(Choice::new(BY_HAND, "Space and Enter: type it, such as a custom one"));
        marked.extend([false, false]);
        let chosen = widgets.marks(&prompt.question.prompt, objection.as_deref(), &choices, &marked)?;
        let Some(chosen) = chosen else { return Ok(None) };
        for (index, (_, marked)) in self.entries.iter_mut().enumerate() {
            *marked = chosen.contains(&index);
        }
        let count = self.entries.len();
        Ok(Some((chosen.contains(&count), chosen.contains(&(count + 1)))))
    }

    fn marked(&self) -> Vec<String> {
        let marked = self.entries.iter().filter(|(_, marked)| *marked);
        marked.map(|(choice, _)| choice.value.clone()).collect()
    }

    /// Marks the entry of a resource. A resource without an entry gets one at the top.
    fn mark(&mut self, typed: &str) {
        let resource = typed.parse::<Resource>();
        let is_it = |value: &str| {
            value == typed || (value != ALL_WORKLOADS && resource.is_ok() && value.parse() == resource)
        };
        match self.entries.iter_mut().find(|(choice, _)| is_it(&choice.value)) {
            Some((_, marked)) => *marked = true,
            None => self.entries.insert(0, (Choice::new(typed, ""), true)),
        }
    }

    fn search(&mut self, widgets: &Widgets) -> Result<()> {
        let all: Vec<_> = kubernetes::BUILT_IN
            .iter()
            .map(|resource| Choice::new(&resource.typed(), &resource.short_names.join(" ")))
            .collect();
        let mut lines = 0;
        while let Some(index) = widgets.search("Which resource?", &all)? {
            self.mark(&all[index].value);
            lines += widgets.print(&format!("Added: {}", all[index].value))?;
        }
        widgets.clear(lines)
    }

    fn type_others(&mut self, widgets: &Widgets, prompt: &Prompt<'_>) -> Result<()> {
        let note = "GROUP/VERSION/RESOURCE, such as apps/v1/deployments; several separated by spaces";
        let words = |line: &str| typed::values(prompt.question, line);
        let check = |line: &str| match words(line) {
            words if words.is_empty() => Ok(()),
            words => prompt.check(&words).map_err(|objection| objection.at_prompt()),
        };
        let line = widgets.line("Which others?", &[note], &check)?;
        for word in words(&line) {
            self.mark(&word);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_one_entry_however_it_is_written() {
        let typed = ["pods", "po", "v1/pods", "example.com/v1/widgets", "workloads", "*"].map(str::to_owned);
        let list = ResourceList::of(&typed);
        assert_eq!(list.marked(), ["example.com/v1/widgets", "pods", "workloads", "*"]);
        assert_eq!(list.entries.len(), kubernetes::COMMON.len() + 3);
    }
}
