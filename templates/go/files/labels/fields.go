package main

import "encoding/json"

// Fields are those of a JSON object, each as it was written until the policy reads or sets it.
//
// So an object can be changed without loss: fields that no type knows of, digits of numbers.
type Fields map[string]json.RawMessage

// readFields reads a JSON object. Null and nothing have no fields.
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

// addMissing adds those of the labels that the fields lack, and says whether it did.
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

// set sets a field, whether or not there is one.
func (f Fields) set(name string, value any) error {
	text, err := json.Marshal(value)
	f[name] = text
	return err
}
