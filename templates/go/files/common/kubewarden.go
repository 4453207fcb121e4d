// The protocol between Kubewarden and the policy.
//
// There is no need to edit it: the decision is in policy.go, the settings are in settings.go.

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Response is the decision of the policy.
type Response struct {
	Accepted         bool              `json:"accepted"`
	Message          string            `json:"message,omitempty"`
	Code             int               `json:"code,omitempty"`
	MutatedObject    any               `json:"mutated_object,omitempty"`
	AuditAnnotations map[string]string `json:"audit_annotations,omitempty"`
	Warnings         []string          `json:"warnings,omitempty"`
}

// Accept accepts the request as it is.
func Accept() Response {
	return Response{Accepted: true}
}

// Mutate accepts the request with object in place of its own. Whatever object lacks is removed.
func Mutate(object any) Response {
	return Response{Accepted: true, MutatedObject: object}
}

// Reject rejects the request and tells the user why. The code is an HTTP status, such as 403.
func Reject(code int, message string) Response {
	return Response{Code: code, Message: message}
}

// Warn shows warning to the user, whether or not the request is accepted.
func (r Response) Warn(warning string) Response {
	r.Warnings = append(r.Warnings, warning)
	return r
}

// Audit records value under key in the cluster's audit log.
func (r Response) Audit(key, value string) Response {
	annotations := map[string]string{key: value}
	for key, value := range r.AuditAnnotations {
		if _, replaced := annotations[key]; !replaced {
			annotations[key] = value
		}
	}
	r.AuditAnnotations = annotations
	return r
}

// Run runs the subcommand in arguments with the JSON from stdin, and returns the exit code.
//
// The function validate decides on a request, and check returns an error if the settings are not
// valid. Kubewarden checks settings when a policy is deployed, long before the first request.
func Run[R, S any](
	arguments []string,
	stdin io.Reader,
	stdout, stderr io.Writer,
	validate func(R, S) Response,
	check func(S) error,
) int {
	verb := ""
	if len(arguments) == 1 {
		verb = arguments[0]
	}
	var answer any
	var err error
	switch verb {
	case "validate":
		answer, err = answerRequest(stdin, validate)
	case "validate-settings":
		answer, err = answerSettings(stdin, check)
	default:
		_, _ = fmt.Fprintln(stderr, "usage: policy.wasm validate|validate-settings")
		return 2
	}
	if err == nil {
		encoder := json.NewEncoder(stdout)
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(answer)
	}
	if err != nil {
		// Kubewarden shows stderr to the user when a policy fails.
		_, _ = fmt.Fprintln(stderr, "the policy could not answer:", err)
		return 1
	}
	return 0
}

func answerRequest[R, S any](stdin io.Reader, validate func(R, S) Response) (Response, error) {
	input, err := io.ReadAll(stdin)
	if err != nil {
		return Response{}, err
	}
	var question struct {
		Request  json.RawMessage `json:"request"`
		Settings json.RawMessage `json:"settings"`
	}
	if err := json.Unmarshal(input, &question); err != nil {
		return Response{}, err
	}
	if question.Request == nil {
		return Response{}, errors.New("the input has no request")
	}
	var request R
	if err := json.Unmarshal(question.Request, &request); err != nil {
		return Response{}, err
	}
	var settings S
	if question.Settings != nil {
		settings, err = readSettings[S](question.Settings)
	}
	if err != nil {
		return Response{}, err
	}
	return validate(request, settings), nil
}

type settingsResponse struct {
	Valid   bool   `json:"valid"`
	Message string `json:"message,omitempty"`
}

func answerSettings[S any](stdin io.Reader, check func(S) error) (settingsResponse, error) {
	input, err := io.ReadAll(stdin)
	if err != nil {
		return settingsResponse{}, err
	}
	settings, err := readSettings[S](input)
	if err == nil {
		err = check(settings)
	}
	if err != nil {
		return settingsResponse{Message: err.Error()}, nil
	}
	return settingsResponse{Valid: true}, nil
}

// readSettings refuses unknown settings, since most of them are misspelled.
func readSettings[S any](input []byte) (S, error) {
	var settings S
	decoder := json.NewDecoder(bytes.NewReader(input))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&settings); err != nil {
		return settings, fmt.Errorf("could not read the settings: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return settings, errors.New("could not read the settings: unexpected data after them")
	}
	return settings, nil
}
