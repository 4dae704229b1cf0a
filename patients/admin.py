"""The admin pages of clinics, people, keys and recordings. What only services write can only be read here."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from patients.models import (
    AccessLogEntry,
    ApiKey,
    CareAssignment,
    Clinic,
    ErasureReceipt,
    LegalHold,
    Membership,
    Patient,
    Plan,
    PlanItem,
    Prescription,
    Recording,
    SecondFactor,
    User,
)


class SecondFactorInline(admin.TabularInline):
    """Shown so that one that is lost can be deleted; nothing of it can be changed."""

    model = SecondFactor
    fields = readonly_fields = ("kind", "name", "created_at", "last_used_at")
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class ReadOnlyAdmin(admin.ModelAdmin):
    """Shows rows that are written by services alone."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(User)
class AccountAdmin(UserAdmin):
    """Accounts are known by their e-mail address."""

    ordering = ("email",)
    inlines = (SecondFactorInline,)
    list_display = ("email", "first_name", "last_name", "is_active", "is_staff")
    search_fields = ("email", "first_name", "last_name")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Times"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "password1", "password2")}),)


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


class CareAssignmentInline(admin.TabularInline):
    model = CareAssignment
    extra = 0


@admin.register(Clinic)
class ClinicAdmin(admin.ModelAdmin):
    list_display = ("name", "requires_second_factor", "created_at")
    search_fields = ("name",)
    inlines = (MembershipInline,)


@admin.register(Patient)
class PatientAdmin(admin.ModelAdmin):
    list_display = ("name", "clinic", "user", "is_simulated")
    list_filter = ("clinic", "is_simulated")
    search_fields = ("name",)
    autocomplete_fields = ("user",)
    inlines = (CareAssignmentInline,)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never: erasing a patient takes files and more (`patients.erasure`)."""
        return False


@admin.register(Prescription)
class PrescriptionAdmin(admin.ModelAdmin):
    list_display = ("patient", "exercise", "sets", "repetitions", "starts_on", "ends_on")
    list_filter = ("exercise",)
    list_select_related = ("patient",)
    autocomplete_fields = ("patient", "prescribed_by")


class PlanItemInline(admin.TabularInline):
    model = PlanItem
    extra = 0


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin):
    list_display = ("name", "clinic")
    list_filter = ("clinic",)
    inlines = (PlanItemInline,)


@admin.register(Recording)
class RecordingAdmin(ReadOnlyAdmin):
    list_display = ("uuid", "patient", "exercise", "format", "frames", "recorded_at", "is_simulated")
    list_filter = ("exercise", "format", "is_simulated")
    list_select_related = ("patient",)
    exclude = ("file",)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ("prefix", "name", "user", "scopes", "expires_at", "last_used_at", "revoked_at")
    list_select_related = ("user",)
    exclude = ("key_sha256",)


@admin.register(AccessLogEntry)
class AccessLogAdmin(ReadOnlyAdmin):
    list_display = ("at", "user", "ground", "action", "subject", "patient")
    list_filter = ("action", "ground", "subject")
    list_select_related = ("user", "patient")
    date_hierarchy = "at"


@admin.register(LegalHold)
class LegalHoldAdmin(ReadOnlyAdmin):
    list_display = ("patient", "placed_at", "placed_by", "lifted_at")
    list_select_related = ("patient", "placed_by")


@admin.register(ErasureReceipt)
class ErasureReceiptAdmin(ReadOnlyAdmin):
    list_display = ("uuid", "clinic", "at", "by", "reason")
    list_select_related = ("clinic", "by")
