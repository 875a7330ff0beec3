// Command check prints what Trivy's checks say about the Terraform files of each folder, as JSON: for each a list with
// one entry for every check and resource, those that passed among them.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aquasecurity/defsec/pkg/scan"
	"github.com/aquasecurity/defsec/pkg/scanners/options"
	"github.com/aquasecurity/trivy-iac/pkg/scanners/terraform"
)

type entry struct {
	Check    string `json:"check"`
	Passed   bool   `json:"passed"`
	Resource string `json:"resource"`
	Text     string `json:"text"`
}

func newScanner() *terraform.Scanner {
	return terraform.New(
		options.ScannerWithEmbeddedPolicies(true),
		options.ScannerWithEmbeddedLibraries(true),
		terraform.ScannerWithAllDirectories(true),
		terraform.ScannerWithDownloadsAllowed(false),
		terraform.ScannerWithNoIgnores(),
		// A file that cannot be read, or a check that breaks, is an error and not a silence.
		terraform.ScannerWithStopOnHCLError(true),
		terraform.ScannerWithStopOnRuleErrors(true),
	)
}

func check(scanner *terraform.Scanner, folder string) ([]entry, error) {
	results, err := scanner.ScanFS(context.Background(), os.DirFS(folder), ".")
	if err != nil {
		return nil, err
	}
	entries := []entry{}
	for _, result := range results {
		flat := result.Flatten()
		entries = append(entries, entry{
			Check:    flat.RuleID,
			Passed:   flat.Status == scan.StatusPassed,
			Resource: flat.Resource,
			Text:     flat.Description,
		})
	}
	return entries, nil
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: check FOLDER...")
		os.Exit(2)
	}
	// One for all folders: to make one takes longer than to use it.
	scanner := newScanner()
	all := [][]entry{}
	for _, folder := range os.Args[1:] {
		entries, err := check(scanner, folder)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %s\n", folder, err)
			os.Exit(1)
		}
		all = append(all, entries)
	}
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
