package main

import "errors"

// Settings are the settings of the policy.
type Settings struct {
	// DeniedNames are the names to reject.
	DeniedNames []string `json:"denied_names"`
}

// check checks what the types cannot check. The person who deploys the policy sees the message.
func (s Settings) check() error {
	if s.denies("") {
		return errors.New("`denied_names` must not contain an empty name")
	}
	return nil
}

func (s Settings) denies(name string) bool {
	for _, denied := range s.DeniedNames {
		if denied == name {
			return true
		}
	}
	return false
}
