package login

import "fmt"

// howToGive says how a login for a registry, or for a repository in one, is given
// where none was found: as an input of an action, and at a terminal.
func (k *Keychain) howToGive(target string) string {
	host, _ := splitName(target)
	way := fmt.Sprintf("give it as `registry-auth`, outside of a workflow in TAGBOAT_REGISTRY_AUTH: %s USERNAME PASSWORD", host)
	switch {
	case host == hub:
		way = "give `dockerhub-username` and `dockerhub-token`, outside of a workflow --dockerhub-username and TAGBOAT_DOCKERHUB_TOKEN"
	case host == k.gitHubHost:
		way = "give `registry-token`, outside of a workflow TAGBOAT_REGISTRY_TOKEN"
	case isECR(host):
		way = "give `aws-role`, or credentials of AWS in the environment"
	}
	return way + ". None was found in " + k.Source(target)
}
