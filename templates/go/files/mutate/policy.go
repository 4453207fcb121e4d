package main

import "encoding/json"

// AdmissionRequest has the fields of an admission request that the policy reads; all others are
// skipped. Kubernetes documents them as AdmissionRequest of admission.k8s.io/v1.
type AdmissionRequest struct {
	// Object is missing in a DELETE request.
	Object json.RawMessage `json:"object"`
}

// validate adds the labels of the settings that the object does not have.
func validate(request AdmissionRequest, settings Settings) Response {
	if request.Object == nil || string(request.Object) == "null" {
		return Accept()
	}
	object, changed, err := labeled(request.Object, settings.Labels)
	switch {
	case err != nil:
		return Reject(400, err.Error())
	case changed:
		return Mutate(object)
	default:
		return Accept()
	}
}

// labeled returns the object with the missing labels added, and whether any were missing.
func labeled(text json.RawMessage, labels map[string]string) (Fields, bool, error) {
	object, err := readFields(text)
	if err != nil {
		return nil, false, err
	}
	metadata, err := readFields(object["metadata"])
	if err != nil {
		return nil, false, err
	}
	present, err := readFields(metadata["labels"])
	if err != nil {
		return nil, false, err
	}
	changed, err := present.addMissing(labels)
	if err != nil || !changed {
		return nil, false, err
	}
	if err := metadata.set("labels", present); err != nil {
		return nil, false, err
	}
	return object, true, object.set("metadata", metadata)
}
