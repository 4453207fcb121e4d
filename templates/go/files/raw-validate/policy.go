package main

import (
	"encoding/json"
	"fmt"
)

// validate rejects a document with a name that the settings deny.
//
// A raw request can be any JSON. A policy that knows its shape can take a struct instead.
func validate(request json.RawMessage, settings Settings) Response {
	var document struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(request, &document); err != nil {
		return Accept() // it has no name
	}
	if settings.denies(document.Name) {
		return Reject(403, fmt.Sprintf("name %s is not accepted", document.Name))
	}
	return Accept()
}
