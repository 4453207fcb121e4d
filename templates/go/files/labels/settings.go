package main

import (
	"fmt"
	"strings"
)

// Settings are the settings of the policy.
type Settings struct {
	// Labels to add where they are missing.
	Labels map[string]string `json:"labels"`
}

// check checks what the types cannot check. The person who deploys the policy sees the message.
//
// The rules are those of Kubernetes, which would otherwise refuse each labeled object.
func (s Settings) check() error {
	for key, value := range s.Labels {
		mistake := ""
		prefix, name, prefixed := strings.Cut(key, "/")
		if !prefixed {
			name = key
		}
		switch {
		case prefixed && !isDNSName(prefix):
			mistake = "the part before the `/` of its key must be a DNS name in lower case"
		case !isLabelName(name):
			mistake = "its key must be 1 to 63 letters, digits and inner `-`, `_` and `.`"
		case value != "" && !isLabelName(value):
			mistake = "its value must be at most 63 letters, digits and inner `-`, `_` and `.`"
		default:
			continue
		}
		return fmt.Errorf("label `%s: %s` is not valid: %s", key, value, mistake)
	}
	return nil
}

func isLabelName(text string) bool {
	return len(text) <= 63 && hasOnly(text, "-_.", isAlphanumeric) && hasAlphanumericEnds(text)
}

func isDNSName(text string) bool {
	for _, part := range strings.Split(text, ".") {
		if !hasOnly(part, "-", isLowerAlphanumeric) || !hasAlphanumericEnds(part) {
			return false
		}
	}
	return len(text) <= 253
}

func hasOnly(text, others string, allowed func(byte) bool) bool {
	for i := 0; i < len(text); i++ {
		if !allowed(text[i]) && strings.IndexByte(others, text[i]) < 0 {
			return false
		}
	}
	return true
}

func hasAlphanumericEnds(text string) bool {
	return text != "" && isAlphanumeric(text[0]) && isAlphanumeric(text[len(text)-1])
}

func isAlphanumeric(char byte) bool {
	return isLowerAlphanumeric(char) || 'A' <= char && char <= 'Z'
}

func isLowerAlphanumeric(char byte) bool {
	return 'a' <= char && char <= 'z' || '0' <= char && char <= '9'
}
