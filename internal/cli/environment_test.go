package cli

import (
	"os"
	"testing"
)

func TestProgramsInheritNoSecrets(t *testing.T) {
	for name, value := range map[string]string{"INPUTS": `{"infra-token":"s3cret"}`, "TAGBOAT_INFRA_TOKEN": "s3cret", "TAGBOATS": "stays"} {
		t.Setenv(name, value)
	}
	getenv := takeSecrets()
	for name, want := range map[string]string{"INPUTS": "", "TAGBOAT_INFRA_TOKEN": "", "TAGBOATS": "stays"} {
		if got := os.Getenv(name); got != want {
			t.Errorf("%s is %q in the environment", name, got)
		}
	}
	if getenv("INPUTS") == "" || getenv("TAGBOAT_INFRA_TOKEN") != "s3cret" || getenv("TAGBOATS") != "stays" {
		t.Error("what was taken is lost")
	}
}
