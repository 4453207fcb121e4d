package main

import "encoding/json"

// validate adds the labels of the settings where the labels of the document do not have them.
//
// A raw request can be any JSON. A document that cannot have labels is accepted as it is.
func validate(request json.RawMessage, settings Settings) Response {
	document, changed, err := labelled(request, settings.Labels)
	if err != nil || !changed {
		return Accept()
	}
	return Mutate(document)
}

// labelled returns the document with the labels that it lacks, and whether it lacked any.
func labelled(text json.RawMessage, labels map[string]string) (Fields, bool, error) {
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
