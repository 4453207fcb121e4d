package main

import "encoding/json"

// Fields are the fields of a JSON object, each as it was written until the policy reads or sets it.
//
// This way, an object can be changed without losing unknown fields or digits of numbers.
type Fields map[string]json.RawMessage

// readFields reads a JSON object. Empty input and null have no fields.
func readFields(text json.RawMessage) (Fields, error) {
	fields := Fields{}
	if len(text) == 0 {
		return fields, nil
	}
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	if fields == nil {
		fields = Fields{}
	}
	return fields, nil
}

// addMissing adds the labels that are missing, and returns whether there were any.
func (f Fields) addMissing(labels map[string]string) (bool, error) {
	added := false
	for key, value := range labels {
		if present, ok := f[key]; ok && string(present) != "null" {
			continue
		}
		if err := f.set(key, value); err != nil {
			return false, err
		}
		added = true
	}
	return added, nil
}

// set sets a field, whether or not it exists.
func (f Fields) set(name string, value any) error {
	text, err := json.Marshal(value)
	f[name] = text
	return err
}
