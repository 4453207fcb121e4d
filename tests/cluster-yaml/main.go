// Reads YAML documents and files as `kubectl create -f` does. Each line of stdin is a JSON object: `yaml` is a document,
// `file` are the bytes of a file in base64. For each, it prints a line of JSON to stdout: the value or the objects, or the
// error.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

type question struct {
	YAML *string
	File []byte
}

type answer struct {
	Value any    `json:"value"`
	Error string `json:"error,omitempty"`
}

// The value of one document, with numbers as `kubectl` sends them.
func readYAML(text string) (value any, err error) {
	encoded, err := sigsyaml.YAMLToJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	err = utiljson.Unmarshal(encoded, &value)
	return value, err
}

// Source: FileVisitor, StreamVisitor and FlattenListVisitor of k8s.io/cli-runtime/pkg/resource, whose package would bring
// the client for a cluster.
func readFile(file []byte) (any, error) {
	objects := []runtime.Object{}
	text := transform.NewReader(bytes.NewReader(file), unicode.BOMOverride(unicode.UTF8.NewDecoder()))
	decoder := yaml.NewYAMLOrJSONDecoder(text, 4096)
	for {
		extension := runtime.RawExtension{}
		if err := decoder.Decode(&extension); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		extension.Raw = bytes.TrimSpace(extension.Raw)
		if len(extension.Raw) == 0 || bytes.Equal(extension.Raw, []byte("null")) {
			continue
		}
		object, _, err := unstructured.UnstructuredJSONScheme.Decode(extension.Raw, nil, nil)
		if err != nil {
			return nil, err
		}
		if !meta.IsListType(object) {
			objects = append(objects, object)
			continue
		}
		items, err := meta.ExtractList(object)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			if meta.IsListType(item) {
				return nil, fmt.Errorf("a list in a list")
			}
			kind := item.GetObjectKind().GroupVersionKind()
			if kind.Kind == "" || kind.Version == "" {
				return nil, fmt.Errorf("an item without kind")
			}
			objects = append(objects, item)
		}
	}
}

func main() {
	questions, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var question question
		if err := questions.Decode(&question); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		var answer answer
		var err error
		if question.YAML != nil {
			answer.Value, err = readYAML(*question.YAML)
		} else {
			answer.Value, err = readFile(question.File)
		}
		if err != nil {
			answer.Value, answer.Error = nil, err.Error()
		}
		if err := answers.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}
