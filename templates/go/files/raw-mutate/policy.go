package main

import "encoding/json"

// validate adds the labels of the settings that are not in the labels of the document.
//
// A raw request can be any JSON. A document that cannot have labels is accepted as it is.
func validate(request json.RawMessage, settings Settings) Response {
	document, changed, err := labeled(request, settings.Labels)
	if err != nil || !changed {
		return Accept()
	}
	return Mutate(document)
}

// labeled returns the document with the missing labels added, and whether any were missing.
func labeled(text json.RawMessage, labels map[string]string) (Fields, bool, error) {
	if string(text) == "null" {
		return nil, false, nil
	}
	document, err := readFields(text)
	if err != nil {
		return nil, false, err
	}
	present, err := readFields(document["labels"])
	if err != nil {
		return nil, false, err
	}
	changed, err := present.addMissing(labels)
	if err != nil || !changed {
		return nil, false, err
	}
	return document, true, document.set("labels", present)
}
