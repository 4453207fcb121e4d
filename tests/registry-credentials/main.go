// Finds credentials as Docker and podman do. Each line of stdin is a question, the content of a file with credentials and the name
// of a registry or a repository. For each, it prints a line of JSON to stdout: all answers that are possible, since Docker leaves the
// choice between two entries for one host to chance, or the error.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"

	podman "github.com/containers/image/v5/pkg/docker/config"
	podmantypes "github.com/containers/image/v5/types"
	docker "github.com/docker/cli/cli/config"
)

type question struct {
	Rules    string `json:"rules"`
	File     string `json:"file"`
	Variable string `json:"variable"`
	Name     string `json:"name"`
}

type login struct {
	User          []byte `json:"user"`
	Password      []byte `json:"password"`
	IdentityToken string `json:"identity_token"`
	RegistryToken string `json:"registry_token"`
}

type answer struct {
	Logins []login `json:"logins"`
	Error  string  `json:"error,omitempty"`
}

func askDocker(q question) (login, error) {
	os.Setenv("DOCKER_AUTH_CONFIG", q.Variable)
	file, err := docker.LoadFromReader(strings.NewReader(q.File))
	if err != nil {
		return login{}, err
	}
	found, err := file.GetAuthConfig(q.Name)
	return login{[]byte(found.Username), []byte(found.Password), found.IdentityToken, found.RegistryToken}, err
}

func askPodman(q question, path string) (login, error) {
	if err := os.WriteFile(path, []byte(q.File), 0o600); err != nil {
		log.Fatal(err)
	}
	found, err := podman.GetCredentials(&podmantypes.SystemContext{AuthFilePath: path}, q.Name)
	return login{[]byte(found.Username), []byte(found.Password), found.IdentityToken, ""}, err
}

func main() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	questions, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var q question
		if err := questions.Decode(&q); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		var all answer
		seen := map[string]bool{}
		attempts := 300
		if strings.Contains(q.File, "cred") {
			attempts = 1
		}
		for range make([]struct{}, attempts) {
			var found login
			var err error
			if q.Rules == "podman" {
				found, err = askPodman(q, filepath.Join(folder, "auth.json"))
			} else {
				found, err = askDocker(q)
			}
			if err != nil {
				all.Error = err.Error()
				break
			}
			key, _ := json.Marshal(found)
			if !seen[string(key)] {
				seen[string(key)] = true
				all.Logins = append(all.Logins, found)
			}
		}
		if err := answers.Encode(all); err != nil {
			log.Fatal(err)
		}
	}
}
