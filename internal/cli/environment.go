package cli

import (
	"os"
	"strings"
)

// takeSecrets takes the action's inputs and TAGBOAT_* out of the environment of this
// process, and gives a Getenv that still knows them: programs that libraries start,
// such as the credential helpers of docker, gcloud or AWS, inherit none of them.
func takeSecrets() (getenv func(string) string) {
	taken := map[string]string{}
	for _, assignment := range os.Environ() {
		name, value, _ := strings.Cut(assignment, "=")
		if name == "INPUTS" || strings.HasPrefix(name, "TAGBOAT_") {
			taken[name] = value
			os.Unsetenv(name)
		}
	}
	return func(name string) string {
		if value, ok := taken[name]; ok {
			return value
		}
		return os.Getenv(name)
	}
}
