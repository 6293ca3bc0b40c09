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

func TestTagsThatMove(t *testing.T) {
	for name, test := range map[string]struct {
		tag   Tag
		moves bool
	}{
		"a version":            {Tag{Name: "v1.2.3", Kind: "version", Immutable: true}, false},
		"a commit":             {Tag{Name: "sha-1a2b3c4d5e6f", Kind: "sha", Immutable: true}, false},
		"latest of a version":  {Tag{Name: "latest", Kind: "raw", Follows: "v1.2.3"}, true},
		"a branch":             {Tag{Name: "main", Kind: "branch"}, true},
		"a day":                {Tag{Name: "20260131", Kind: "date"}, true},
		"a minute":             {Tag{Name: "nightly-20260131-0930", Kind: "date"}, true},
		"a second":             {Tag{Name: "nightly-2026-01-31_09-30-00", Kind: "date"}, false},
		"a branch like a date": {Tag{Name: "20260131093000", Kind: "branch"}, true},
	} {
		if got := test.tag.Moves(); got != test.moves {
			t.Errorf("%s: %t", name, got)
		}
	}
}
