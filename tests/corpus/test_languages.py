import pytest

from polysteer.corpus.languages import canonical_language, given_forms, resolve_language
from polysteer.errors import LanguageError

FLORES_200_TEXT = """
ace_Arab ace_Latn acm_Arab acq_Arab aeb_Arab afr_Latn ajp_Arab aka_Latn als_Latn amh_Ethi apc_Arab arb_Arab
arb_Latn ars_Arab ary_Arab arz_Arab asm_Beng ast_Latn awa_Deva ayr_Latn azb_Arab azj_Latn bak_Cyrl bam_Latn
ban_Latn bel_Cyrl bem_Latn ben_Beng bho_Deva bjn_Arab bjn_Latn bod_Tibt bos_Latn bug_Latn bul_Cyrl cat_Latn
ceb_Latn ces_Latn cjk_Latn ckb_Arab crh_Latn cym_Latn dan_Latn deu_Latn dik_Latn dyu_Latn dzo_Tibt ell_Grek
eng_Latn epo_Latn est_Latn eus_Latn ewe_Latn fao_Latn fij_Latn fin_Latn fon_Latn fra_Latn fur_Latn fuv_Latn
gaz_Latn gla_Latn gle_Latn glg_Latn grn_Latn guj_Gujr hat_Latn hau_Latn heb_Hebr hin_Deva hne_Deva hrv_Latn
hun_Latn hye_Armn ibo_Latn ilo_Latn ind_Latn isl_Latn ita_Latn jav_Latn jpn_Jpan kab_Latn kac_Latn kam_Latn
kan_Knda kas_Arab kas_Deva kat_Geor kaz_Cyrl kbp_Latn kea_Latn khk_Cyrl khm_Khmr kik_Latn kin_Latn kir_Cyrl
kmb_Latn kmr_Latn knc_Arab knc_Latn kon_Latn kor_Hang lao_Laoo lij_Latn lim_Latn lin_Latn lit_Latn lmo_Latn
ltg_Latn ltz_Latn lua_Latn lug_Latn luo_Latn lus_Latn lvs_Latn mag_Deva mai_Deva mal_Mlym mar_Deva min_Arab
min_Latn mkd_Cyrl mlt_Latn mni_Beng mos_Latn mri_Latn mya_Mymr nld_Latn nno_Latn nob_Latn npi_Deva nqo_Nkoo
nso_Latn nus_Latn nya_Latn oci_Latn ory_Orya pag_Latn pan_Guru pap_Latn pbt_Arab pes_Arab plt_Latn pol_Latn
por_Latn prs_Arab quy_Latn ron_Latn run_Latn rus_Cyrl sag_Latn san_Deva sat_Olck scn_Latn shn_Mymr sin_Sinh
slk_Latn slv_Latn smo_Latn sna_Latn snd_Arab som_Latn sot_Latn spa_Latn srd_Latn srp_Cyrl ssw_Latn sun_Latn
swe_Latn swh_Latn szl_Latn tam_Taml taq_Latn taq_Tfng tat_Cyrl tel_Telu tgk_Cyrl tgl_Latn tha_Thai tir_Ethi
tpi_Latn tsn_Latn tso_Latn tuk_Latn tum_Latn tur_Latn twi_Latn tzm_Tfng uig_Arab ukr_Cyrl umb_Latn urd_Arab
uzn_Latn vec_Latn vie_Latn war_Latn wol_Latn xho_Latn ydd_Hebr yor_Latn yue_Hant zho_Hans zho_Hant zsm_Latn
zul_Latn
"""
FLORES_200 = FLORES_200_TEXT.split()


@pytest.mark.parametrize(
    ("canonical", "forms"),
    [
        ("ja", ["ja", "jpn", "jpn_Jpan", "JA", "JPN", "ja-Jpan"]),
        ("en", ["en", "eng", "eng_Latn"]),
        ("de", ["de", "deu", "ger", "deu_Latn"]),
        ("sw", ["sw", "swa", "swh", "swh_Latn"]),
        ("ar", ["ar", "ara", "arb", "arb_Arab"]),
        ("he", ["he", "iw", "heb_Hebr"]),
        ("zh", ["zh", "zho", "chi", "cmn"]),
        ("zh-Hant", ["zho_Hant", "zh-Hant", "cmn_Hant"]),
        ("pt-BR", ["pt-BR", "pt_BR", "por-br"]),
        ("nb", ["nb", "nob", "nob_Latn"]),
    ],
)
def test_usual_forms_meet_in_one(canonical: str, forms: list[str]) -> None:
    assert {canonical_language(form) for form in forms} == {canonical}


def test_every_flores_language_is_known_distinct_and_found_again() -> None:
    forms = given_forms(FLORES_200)
    assert len(FLORES_200) == 205
    assert list(forms.values()) == FLORES_200
    for canonical, code in forms.items():
        assert canonical_language(canonical) == canonical
        assert resolve_language(canonical, FLORES_200) == code


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("ja", "jpn_Jpan"),
        ("ar", "arb_Arab"),
        ("zh-TW", "zho_Hant"),
        ("zh-CN", "zho_Hans"),
        ("yo", "yor_Latn"),
        ("ku", "kmr_Latn"),
        ("nb", "nob_Latn"),
        ("en-GB", "eng_Latn"),
    ],
)
def test_a_code_finds_the_source_s_form(code: str, found: str) -> None:
    assert resolve_language(code, FLORES_200) == found


@pytest.mark.parametrize(
    ("code", "choices"),
    [("zh", "zho_Hans, zho_Hant"), ("no", "nno_Latn, nob_Latn"), ("ks", "kas_Arab, kas_Deva")],
)
def test_ambiguity_is_refused_with_the_choices(code: str, choices: str) -> None:
    with pytest.raises(LanguageError, match=f"'{code}' is ambiguous here: write one of {choices}"):
        resolve_language(code, FLORES_200)


def test_one_candidate_is_no_ambiguity() -> None:
    assert resolve_language("zh", ["eng_Latn", "zho_Hant"]) == "zho_Hant"


@pytest.mark.parametrize(
    ("code", "meant"), [("jp", "ja"), ("cn", "zh"), ("cz", "cs"), ("dk", "da"), ("gr", "el")]
)
def test_a_country_code_is_answered_with_its_language(code: str, meant: str) -> None:
    with pytest.raises(LanguageError, match=f"'{code}' is not a language code: .* did you mean '{meant}'"):
        canonical_language(code)


@pytest.mark.parametrize("code", ["", "xx", "zzq", "english", "und", "en Latn", "eng_Xxxx", "-", "ja/../x"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(LanguageError, match="is not a language code"):
        canonical_language(code)


def test_an_absent_language_is_answered_with_the_nearest() -> None:
    with pytest.raises(LanguageError, match=r"no text in 'fi'; there is eng_Latn, jpn_Jpan$"):
        resolve_language("fi", ["jpn_Jpan", "eng_Latn"])
    with pytest.raises(LanguageError, match=r"no text in 'frr_Latn'; nearest of 205: [a-zA-Z_, ]*fur_Latn"):
        resolve_language("frr_Latn", FLORES_200)


def test_one_language_under_two_names_is_refused() -> None:
    with pytest.raises(LanguageError, match="'ja' and 'jpn_Jpan' are the same language"):
        given_forms(["ja", "en", "jpn_Jpan"])
