package plan

import "testing"

func TestMoves(t *testing.T) {
	cases := map[string]struct {
		glob  string
		moves bool
	}{
		"pr":                                    {"pr-*", true},
		"raw=latest":                            {"latest", true},
		"raw=v1.2.3":                            {"", false},
		"version":                               {"", false},
		"semver":                                {"", false},
		"sha":                                   {"", false},
		"sha=long":                              {"", false},
		"branch":                                {"", true},
		"semver-major-minor":                    {"", true},
		"semver-major":                          {"", true},
		"date":                                  {"", true},
		"type=ref,event=pr,prefix=p-,suffix=-x": {"p-*-x", true},
		"type=raw,value=edge,suffix=-alpine":    {"edge-alpine", true},
	}
	for line, want := range cases {
		rule, err := ParseRule(line)
		if err != nil {
			t.Fatal(err)
		}
		if glob, moves := rule.Moves(); glob != want.glob || moves != want.moves {
			t.Errorf("%s: got %q, %t", line, glob, moves)
		}
	}
}
