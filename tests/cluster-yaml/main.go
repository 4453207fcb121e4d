// Reads YAML as a cluster does. Each line of stdin is a JSON string that contains a YAML document. For each, it prints a
// line of JSON to stdout, with the value or the error.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	"sigs.k8s.io/yaml"
)

type answer struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

func main() {
	texts, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var text string
		if err := texts.Decode(&text); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		var answer answer
		value, err := yaml.YAMLToJSONStrict([]byte(text))
		if err != nil {
			answer.Error = err.Error()
		} else {
			answer.Value = value
		}
		if err := answers.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}
